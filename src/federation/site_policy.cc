// SPDX-License-Identifier: Apache-2.0
#include "federation/site_policy.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "core/json_text.h"
#include "core/utc_time.h"

namespace clinnova::federation {
namespace {

constexpr double kMost = 1e9;

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
    keys.push_back({limit.name, limit.meaning, limit.member, limit.lowest, limit.highest});
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
    if (!value.is_string() || !core::IsDay(value.get_ref<const std::string&>())) {
      return Wrong("a day such as 2027-03-31");
    }
    policy.*member = value.get<std::string>();
    return {};
  }
};

}  // namespace

const std::vector<PolicyKey>& PolicyKeys() {
  static const std::vector<PolicyKey> kKeys = MakeKeys();
  return kKeys;
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
