// SPDX-License-Identifier: Apache-2.0
#include "network/policy_in_force.h"

#include <sys/stat.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/json_text.h"
#include "core/utc_time.h"
#include "network/site_folder.h"
#include "stats/method.h"

namespace clinnova::network {
namespace {

using federation::LedgerKind;
using nlohmann::json;

std::vector<PolicyChange> ChangesOf(const json& before, const json& after) {
  std::vector<PolicyChange> changes;
  for (const federation::PolicyKey& key : federation::PolicyKeys()) {
    const std::string name(key.name);
    const json from = before.value(name, json());
    const json& to = after.at(name);
    if (from != to) changes.push_back({name, core::CanonicalJson(from), core::CanonicalJson(to)});
  }
  return changes;
}

}  // namespace

std::vector<PolicyChange> ChangesBetween(const federation::SitePolicy& before,
                                         const federation::SitePolicy& after) {
  return ChangesOf(federation::PolicyJson(before), federation::PolicyJson(after));
}

Result<std::vector<std::string>> ColumnsAskedFor(const federation::Study& study) {
  CLINNOVA_ASSIGN(std::vector<std::string> columns, stats::ColumnsUsed(study));
  for (const auto& variable : study.variables()) columns.push_back(variable.name);
  for (const auto& column : study.columns()) columns.push_back(column.name);
  std::sort(columns.begin(), columns.end());
  columns.erase(std::unique(columns.begin(), columns.end()), columns.end());
  std::erase(columns, "site");
  return columns;
}

Result<std::unique_ptr<PolicyInForce>> PolicyInForce::Open(Options options) {
  std::unique_ptr<PolicyInForce> policy(new PolicyInForce(std::move(options)));
  CLINNOVA_TRY(policy->FindLastNoted());
  CLINNOVA_TRY(policy->Take());
  return policy;
}

Result<void> PolicyInForce::FindLastNoted() {
  return options_.ledger->ForEach([this](const federation::LedgerEntry& entry) {
    if (entry.kind != LedgerKind::kPolicy) return;
    const json body = json::parse(entry.body);
    noted_hash_ = body.at("after").get<std::string>();
    noted_policy_ = core::CanonicalJson(body.at("policy"));
  });
}

PolicyInForce::Stamp PolicyInForce::StampOfFile() const {
  struct stat found{};
  if (::stat((options_.folder / "site.toml").c_str(), &found) != 0) return {};
  return {.inode = found.st_ino,
          .size = found.st_size,
          .changed_ns = found.st_mtim.tv_sec * 1'000'000'000LL + found.st_mtim.tv_nsec};
}

Result<std::shared_ptr<const federation::ReleaseGate>> PolicyInForce::Current() {
  const std::lock_guard lock(mutex_);
  if (gate_ && StampOfFile() == stamp_) return gate_;
  if (const auto taken = Take(); !taken) {
    return Fail(ErrorCode::kRefused, taken.error().message, "policy_unreadable");
  }
  return gate_;
}

// The stamp is taken before the file is read: one that changes in between is read again at the next question.
Result<void> PolicyInForce::Take() {
  const Stamp stamp = StampOfFile();
  CLINNOVA_ASSIGN(const SiteConfig config, ReadSiteConfig(options_.folder));
  CLINNOVA_TRY(Note(config.policy));
  if (!gate_ || !(gate_->policy() == config.policy)) {
    gate_ = std::make_shared<const federation::ReleaseGate>(config.policy);
  }
  stamp_ = stamp;
  return {};
}

Result<void> PolicyInForce::Note(const federation::SitePolicy& policy) {
  const std::string hash = core::ToHex(federation::PolicyHash(policy));
  if (hash == noted_hash_) return {};
  const json now = federation::PolicyJson(policy);
  CLINNOVA_ASSIGN(const auto told, options_.store->TakePolicyNote(hash));
  json body = {{"policy", now}, {"after", hash}, {"changes", json::object()}};
  if (noted_hash_.empty()) {
    body["how"] = told ? "set" : "found";
  } else {
    body["before"] = noted_hash_;
    body["how"] = told ? "set" : "edited";
    for (const PolicyChange& change : ChangesOf(json::parse(noted_policy_), now)) {
      body["changes"][change.key] = {{"from", json::parse(change.from)},
                                     {"to", json::parse(change.to)}};
    }
  }
  if (told) {
    body["by"] = told->by;
    body["decided"] = told->decided;
  }
  CLINNOVA_TRY(options_.ledger->Append(LedgerKind::kPolicy, body));
  noted_hash_ = hash;
  noted_policy_ = core::CanonicalJson(now);
  return {};
}

}  // namespace clinnova::network
