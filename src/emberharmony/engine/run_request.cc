#include "emberharmony/engine/run_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "emberharmony/base/sha256.h"
#include "emberharmony/engine/shown_text.h"

namespace emberharmony::engine {

namespace {

constexpr size_t kFactsMax = 64;
constexpr size_t kFactTextMax = 1024;
constexpr size_t kFactShownBytes = 120;

std::optional<std::string> FactText(const nlohmann::json& fact, const char* member) {
  const auto found = fact.find(member);
  if (found == fact.end() || !found->is_string()) return std::nullopt;
  const auto& text = found->get_ref<const std::string&>();
  if (text.size() > kFactTextMax) return std::nullopt;
  return text;
}

std::string DescribeDifference(const RunRequest::Fact& before, const RunRequest::Fact& now) {
  if (before.shown.empty() && now.shown.empty()) return now.name;
  const auto shown = [](const std::string& text) {
    return text.empty() ? std::string("none") : "'" + text + "'";
  };
  return fmt::format("{} (was {}, is {})", now.name, shown(before.shown), shown(now.shown));
}

}  // namespace

void RunRequest::Add(std::string name, std::string_view text) {
  facts.push_back(
      {std::move(name), ShownText(std::string(text), kFactShownBytes), base::Sha256Hex(text)});
}

void RunRequest::AddHidden(std::string name, std::string_view text) {
  facts.push_back({std::move(name), "", base::Sha256Hex(text)});
}

std::string RunRequest::DifferenceFrom(const RunRequest& earlier) const {
  std::string text;
  const auto add = [&](const std::string& difference) {
    text += (text.empty() ? "" : ", ") + difference;
  };
  const auto find = [](const RunRequest& request, const std::string& name) -> const Fact* {
    const auto found =
        std::ranges::find_if(request.facts, [&](const Fact& fact) { return fact.name == name; });
    return found == request.facts.end() ? nullptr : &*found;
  };
  for (const Fact& now : facts) {
    const Fact* before = find(earlier, now.name);
    if (before == nullptr) {
      add(now.name);
    } else if (before->digest != now.digest) {
      add(DescribeDifference(*before, now));
    }
  }
  for (const Fact& before : earlier.facts) {
    if (find(*this, before.name) == nullptr) add(before.name);
  }
  return text;
}

nlohmann::json RunRequest::ToJson() const {
  nlohmann::json json = {{"lasting_source", has_lasting_source},
                         {"facts", nlohmann::json::array()}};
  for (const Fact& fact : facts) {
    json["facts"].push_back({{"name", fact.name}, {"shown", fact.shown}, {"sha256", fact.digest}});
  }
  return json;
}

std::optional<RunRequest> RunRequest::FromJson(const nlohmann::json& json) {
  if (!json.is_object()) return std::nullopt;
  const auto lasting = json.find("lasting_source");
  const auto facts = json.find("facts");
  if (lasting == json.end() || !lasting->is_boolean()) return std::nullopt;
  if (facts == json.end() || !facts->is_array() || facts->size() > kFactsMax) return std::nullopt;
  RunRequest request;
  request.has_lasting_source = lasting->get<bool>();
  for (const nlohmann::json& fact : *facts) {
    if (!fact.is_object()) return std::nullopt;
    auto name = FactText(fact, "name");
    auto shown = FactText(fact, "shown");
    auto digest = FactText(fact, "sha256");
    if (!name || !shown || !digest) return std::nullopt;
    request.facts.push_back({*std::move(name), *std::move(shown), *std::move(digest)});
  }
  return request;
}

}  // namespace emberharmony::engine
