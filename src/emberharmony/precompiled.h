// What most units of the library include anyway; compiled once. Headers still include what they
// use.
#pragma once

#include <arrow/api.h>
#include <arrow/io/api.h>
#include <arrow/util/bit_util.h>
#include <fmt/format.h>
#include <parquet/api/reader.h>
#include <parquet/api/writer.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>
