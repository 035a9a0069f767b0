// What the unit tests include on top of the library's precompiled header; compiled once for all of
// them. Tests still include what they use.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "emberharmony/precompiled.h"
