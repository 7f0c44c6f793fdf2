// SPDX-License-Identifier: Apache-2.0
#include "federation/site_policy.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <set>

#include "core/json_text.h"

namespace clinnova::federation {
namespace {

constexpr double kMost = 1e9;

constexpr std::pair<std::string_view, std::string_view> kLimitMeanings[] = {
    {"dominance_one", "largest part of a sum of sizes that is one person's"},
    {"dominance_two", "largest part of a sum of sizes that is two persons'"},
    {"leverage", "largest leverage of one row in a regression"},
    {"exits_per_time", "persons who leave in a bin of time, at least"},
    {"contributors", "sites that have anybody in a level or cell, at least"},
    {"information_share", "numbers told per person and variable of a project"}};

std::string_view MeaningOf(const LimitKey& limit) {
  const auto* found = std::find_if(std::begin(kLimitMeanings), std::end(kLimitMeanings),
                                   [&](const auto& known) { return known.first == limit.name; });
  return found == std::end(kLimitMeanings) ? std::string_view() : found->second;
}

std::vector<PolicyKey> MakeKeys() {
  std::vector<PolicyKey> keys = {
      {"minimum_count", "the smallest group of persons that may be told; 0: public data",
       &SitePolicy::minimum_count, 0, kMost},
      {"minimum_sites", "fewer sites in a study are refused", &SitePolicy::minimum_sites, 3, kMost},
      {"rounds_per_study", "sums that one study may ask for", &SitePolicy::rounds_per_study, 0,
       kMost},
      {"studies_per_day", "studies that may begin within 24 hours", &SitePolicy::studies_per_day, 0,
       kMost},
      {"methods", "the methods that a study may use", &SitePolicy::methods},
      {"researchers", "who may ask, as studies name them", &SitePolicy::researchers},
      {"purposes", "what for, as studies state it", &SitePolicy::purposes},
      {"permits", "by which permit, as studies cite it", &SitePolicy::permits},
      {"variables", "the features, or columns, that a study may use", &SitePolicy::variables},
      {"expires", "the last day on which studies run (UTC)", &SitePolicy::expires}};
  for (const LimitKey& limit : LimitKeys()) {
    keys.push_back({limit.name, MeaningOf(limit), limit.member, limit.lowest, limit.highest});
  }
  return keys;
}

std::string Text(double number) { return nlohmann::json(number).dump(); }

/// Reads one value; `path` is policy.KEY.
struct ValueReader {
  const core::TomlPlace& place;
  const PolicyKey& key;
  const nlohmann::json& value;
  SitePolicy& policy;

  std::string path() const { return "policy." + std::string(key.name); }
  tl::unexpected<Error> Wrong(const std::string& expected) const {
    return place.Wrong(path(), "found " + value.dump() + ", expected " + expected);
  }

  Result<void> operator()(auto SitePolicy::* member) const
    requires std::is_integral_v<std::remove_reference_t<decltype(policy.*member)>>
  {
    if (!value.is_number_integer() || value.get<double>() < key.lowest ||
        value.get<double>() > key.highest) {
      return Wrong("a whole number of at least " +
                   std::to_string(static_cast<std::int64_t>(key.lowest)));
    }
    policy.*member = value.get<std::remove_reference_t<decltype(policy.*member)>>();
    return {};
  }
  Result<void> operator()(double DisclosureLimits::* member) const {
    if (!value.is_number() || value.get<double>() < key.lowest ||
        value.get<double>() > key.highest) {
      return Wrong("a number from " + Text(key.lowest) + " to " + Text(key.highest));
    }
    policy.limits.*member = value.get<double>();
    return {};
  }
  Result<void> operator()(std::vector<std::string> SitePolicy::* member) const {
    const bool texts =
        value.is_array() && std::all_of(value.begin(), value.end(), [](const nlohmann::json& item) {
          return item.is_string() && !item.get_ref<const std::string&>().empty();
        });
    if (!texts) return Wrong("a list of texts");
    // Read as "nobody" by whoever wrote it and as "everybody" by a program that takes it for unset.
    if (value.empty()) return Wrong("at least one text; without the key all are allowed");
    auto list = value.get<std::vector<std::string>>();
    if (std::set<std::string>(list.begin(), list.end()).size() != list.size()) {
      return Wrong("each text once");
    }
    policy.*member = std::move(list);
    return {};
  }
  Result<void> operator()(std::string SitePolicy::* member) const {
    if (!value.is_string() || !IsDay(value.get_ref<const std::string&>())) {
      return Wrong("a day such as 2027-03-31");
    }
    policy.*member = value.get<std::string>();
    return {};
  }
};

/// `size` digits from `at` as a number; -1 where there is something else.
int Digits(std::string_view text, std::size_t at, std::size_t size) {
  int number = 0;
  for (const char c : text.substr(at, size)) {
    if (c < '0' || c > '9') return -1;
    number = number * 10 + (c - '0');
  }
  return number;
}

}  // namespace

const std::vector<PolicyKey>& PolicyKeys() {
  static const std::vector<PolicyKey> kKeys = MakeKeys();
  return kKeys;
}

std::string ResearcherOf(const Study& study) {
  const auto document = nlohmann::json::parse(study.canonical_json());
  return document.at("study").value("researcher", std::string());
}

bool IsDay(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  const int year = Digits(text, 0, 4);
  const int month = Digits(text, 5, 2);
  const int day = Digits(text, 8, 2);
  if (year < 0 || month < 0 || day < 0) return false;
  return std::chrono::year_month_day(std::chrono::year(year),
                                     std::chrono::month(static_cast<unsigned>(month)),
                                     std::chrono::day(static_cast<unsigned>(day)))
      .ok();
}

Result<SitePolicy> ReadPolicy(const core::TomlPlace& place, const nlohmann::json& policy) {
  if (!policy.is_object()) return place.Wrong("policy", "expected a table");
  SitePolicy read;
  for (const auto& [name, value] : policy.items()) {
    const auto& keys = PolicyKeys();
    const auto key = std::find_if(keys.begin(), keys.end(),
                                  [&](const PolicyKey& known) { return known.name == name; });
    if (key == keys.end()) {
      std::string list;
      for (const PolicyKey& known : keys)
        list += (list.empty() ? "" : ", ") + std::string(known.name);
      return place.Wrong("policy." + name, "unknown key, expected one of " + list);
    }
    CLINNOVA_TRY(std::visit(
        ValueReader{.place = place, .key = *key, .value = value, .policy = read}, key->member));
  }
  return read;
}

nlohmann::json PolicyJson(const SitePolicy& policy) {
  nlohmann::json json = nlohmann::json::object();
  for (const PolicyKey& key : PolicyKeys()) {
    nlohmann::json& value = json[std::string(key.name)];
    std::visit(
        [&](auto member) {
          if constexpr (std::is_same_v<decltype(member), double DisclosureLimits::*>) {
            value = policy.limits.*member;
          } else {
            value = policy.*member;
          }
        },
        key.member);
  }
  return json;
}

core::Hash PolicyHash(const SitePolicy& policy) {
  return core::Blake2b(core::CanonicalJson(PolicyJson(policy)));
}

}  // namespace clinnova::federation
