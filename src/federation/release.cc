// SPDX-License-Identifier: Apache-2.0
#include "federation/release.h"

#include <algorithm>

#include "federation/secure_sum_messages.h"

namespace clinnova::federation {
namespace {

bool Allows(const std::vector<std::string>& list, std::string_view text) {
  return list.empty() || std::find(list.begin(), list.end(), text) != list.end();
}

/// The study's own words are named: the steward compares them with the list.
Result<void> Asked(const std::vector<std::string>& list, const std::string& text,
                   const std::string& what) {
  if (Allows(list, text)) return {};
  return Fail(ErrorCode::kRefused,
              "the site's policy does not allow the study's " + what + ": " +
                  (text.empty() ? "it names none" : "\"" + text + "\""),
              what + "_not_allowed");
}

}  // namespace

int ReleaseGate::MinimumCount(const Study& study) const {
  return policy_.minimum_count == 0 ? study.minimum_count()
                                    : std::max(policy_.minimum_count, study.minimum_count());
}

Result<void> ReleaseGate::CheckStudy(const Study& study, std::span<const std::string> columns,
                                     std::string_view today) const {
  if (!policy_.expires.empty() && today > policy_.expires) {
    return Fail(ErrorCode::kRefused, "the site's policy has expired, on " + policy_.expires,
                "policy_expired");
  }
  CLINNOVA_TRY(Asked(policy_.researchers, study.researcher(), "researcher"));
  CLINNOVA_TRY(Asked(policy_.purposes, study.purpose(), "purpose"));
  CLINNOVA_TRY(Asked(policy_.permits, study.permit(), "permit"));
  if (!study.sites().empty() && study.sites().size() < policy_.minimum_sites) {
    return Fail(ErrorCode::kRefused,
                "the study's sites: " + std::to_string(study.sites().size()) + " < " +
                    std::to_string(policy_.minimum_sites),
                "too_few_sites");
  }
  for (const Analysis& analysis : study.analyses()) CLINNOVA_TRY(CheckMethod(analysis));
  return CheckColumns(study, columns);
}

Result<void> ReleaseGate::CheckColumns(const Study& study,
                                       std::span<const std::string> columns) const {
  for (const std::string& column : columns) {
    std::string asked = column;
    for (const VariableDeclaration& variable : study.variables()) {
      if (variable.name == column) asked = variable.feature;
    }
    if (column == "site" || Allows(policy_.variables, asked)) continue;
    return Fail(ErrorCode::kRefused, "the site's policy does not allow variable " + asked,
                "variable_not_allowed");
  }
  return {};
}

Result<void> ReleaseGate::CheckMethod(const Analysis& analysis) const {
  if (Allows(policy_.methods, analysis.method())) return {};
  return Fail(ErrorCode::kRefused, "the site's policy does not allow method " + analysis.method(),
              "method_not_allowed");
}

Result<void> ReleaseGate::CheckRound(const Study& study, const Analysis& analysis,
                                     std::uint64_t rounds_so_far) const {
  (void)study;
  CLINNOVA_TRY(CheckMethod(analysis));
  if (rounds_so_far >= policy_.rounds_per_study) {
    return Fail(ErrorCode::kRefused,
                "the study has used its " + std::to_string(policy_.rounds_per_study) +
                    " rounds at this site",
                "round_limit");
  }
  return {};
}

Result<void> ReleaseGate::CheckStart(std::uint64_t others_today) const {
  if (others_today < policy_.studies_per_day) return {};
  return Fail(ErrorCode::kRefused,
              "the site's " + std::to_string(policy_.studies_per_day) +
                  " studies of the last 24 hours have begun",
              "study_limit");
}

Result<Released<table::SiteSchema>> ReleaseGate::Describe(
    const Study& study, const table::SiteSchema& schema,
    const std::vector<std::vector<std::uint64_t>>& persons_per_level) const {
  const auto minimum = static_cast<std::uint64_t>(MinimumCount(study));
  table::SiteSchema out = schema;
  if (out.rows < minimum) {
    // Too few persons to say anything: the site takes part as if it had none.
    out.rows = 0;
    for (auto& column : out.columns) {
      column.numeric = true;
      column.empty = true;
      column.levels.clear();
    }
    return Released<table::SiteSchema>(std::move(out));
  }
  for (std::size_t c = 0; c < out.columns.size(); ++c) {
    const std::string& name = out.columns[c].name;
    const auto declared =
        std::find_if(study.columns().begin(), study.columns().end(),
                     [&](const table::ColumnDeclaration& d) { return d.name == name; });
    if (declared != study.columns().end() && !declared->levels.empty()) {
      out.columns[c].levels.clear();  // the study names them: nothing to reveal
      continue;
    }
    if (c >= persons_per_level.size()) continue;
    for (const std::uint64_t persons : persons_per_level[c]) {
      if (persons != 0 && persons < minimum) {
        return Fail(ErrorCode::kRefused,
                    "column " + name + ": a level is held by fewer than " +
                        std::to_string(minimum) + " persons; declare the levels in the study",
                    "rare_level");
      }
    }
  }
  return Released<table::SiteSchema>(std::move(out));
}

Released<Refusal> ReleaseGate::Refuse(const Error& error) const {
  return Released<Refusal>(
      Refusal{error.code, error.reason.empty() ? "unspecified" : error.reason});
}

Released<core::Bytes> ReleaseGate::Description(const Study& study,
                                               const Released<table::SiteSchema>& schema) const {
  core::ArchiveWriter writer;
  writer(schema.value());
  writer(static_cast<std::int64_t>(MinimumCount(study)));
  writer(Limits(study));
  return Released<core::Bytes>(writer.Take());
}

Result<Released<core::Bytes>> ReleaseGate::SecureSum(core::Bytes message, const PublicKey& own_key,
                                                     std::string_view context) const {
  const bool of_protocol = context == Announcement::kContext || context == Upload::kContext ||
                           context == SurvivorStatement::kContext || context == Unmasking::kContext;
  const auto opened = core::Decode<SignedMessage>(message);
  if (!of_protocol || !opened ||
      !VerifySignature(own_key, context, opened->body, opened->signature)) {
    return Fail(ErrorCode::kFailed, "bytes that the secure sum did not sign cannot leave the site",
                "not_a_protocol_message");
  }
  return Released<core::Bytes>(std::move(message));
}

}  // namespace clinnova::federation
