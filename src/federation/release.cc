// SPDX-License-Identifier: Apache-2.0
#include "federation/release.h"

#include <algorithm>

#include "federation/secure_sum_messages.h"

namespace clinnova::federation {

int ReleaseGate::MinimumCount(const Study& study) const {
  return policy_.minimum_count == 0 ? study.minimum_count()
                                    : std::max(policy_.minimum_count, study.minimum_count());
}

Result<void> ReleaseGate::CheckRound(const Study& study, const Analysis& analysis,
                                     std::uint64_t rounds_so_far) const {
  (void)study;
  const std::vector<std::string>& allowed = policy_.methods;
  if (!allowed.empty() &&
      std::find(allowed.begin(), allowed.end(), analysis.method()) == allowed.end()) {
    return Fail(ErrorCode::kRefused, "the site's policy does not allow method " + analysis.method(),
                "method_not_allowed");
  }
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
