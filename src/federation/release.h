// SPDX-License-Identifier: Apache-2.0
// The release gate: the one place through which anything leaves a site.
//
// Property: only a Released<T> can be handed to the network, and only ReleaseGate makes one; what was not
// checked here does not compile as a message. Numbers computed from records leave as masked uploads of the
// secure sum (secure_sum_site.h) or as one of the named releases below; errors leave as a code and a fixed
// word. Assumption: the site's own program is not modified. A compile-fail test holds the first sentence.
// Reveals, to the hub: what each function says.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/archive.h"
#include "core/error.h"
#include "federation/identity.h"
#include "federation/site_policy.h"
#include "federation/study.h"
#include "table/table.h"

namespace clinnova::federation {

class ReleaseGate;

/// Something that the gate has checked. Copyable; cannot be made outside the gate.
template <typename T>
class Released {
 public:
  const T& value() const { return value_; }

 private:
  friend class ReleaseGate;
  explicit Released(T value) : value_(std::move(value)) {}
  T value_;
};

/// Why a site did not do what it was asked: all of an error that may cross the boundary.
struct Refusal {
  ErrorCode code = ErrorCode::kFailed;
  std::string reason;  ///< a fixed word without values

  template <class A>
  void Fields(A& a) {
    a(code);
    a(reason);
  }
};

class ReleaseGate {
 public:
  explicit ReleaseGate(SitePolicy policy) : policy_(std::move(policy)) {}

  const SitePolicy& policy() const { return policy_; }

  /// The stricter of the study's and the site's threshold. Only a site whose own policy says 0 (public
  /// data) can lift the rule.
  int MinimumCount(const Study& study) const;
  /// The stricter of the study's and the site's other thresholds.
  DisclosureLimits Limits(const Study& study) const {
    return Stricter(policy_.limits, study.limits());
  }

  /// Whether the policy lets the study run at all, on the day `today` ("2026-11-27", UTC). `columns`: all that it asks
  /// for, by the study's names. kRefused: `policy_expired`, `researcher_not_allowed`, `purpose_not_allowed`,
  /// `permit_not_allowed`, `too_few_sites`, `method_not_allowed`, or as CheckColumns.
  Result<void> CheckStudy(const Study& study, std::span<const std::string> columns,
                          std::string_view today) const;

  /// kRefused (`variable_not_allowed`) unless the policy allows each column: by its feature where the study declares the
  /// column as a variable, otherwise by its name. `site` is no one's datum and always allowed.
  Result<void> CheckColumns(const Study& study, std::span<const std::string> columns) const;

  /// kRefused (`method_not_allowed`, `round_limit`) before a round is evaluated. `rounds_so_far` is of
  /// this study at this site. Rule 14.
  Result<void> CheckRound(const Study& study, const Analysis& analysis,
                          std::uint64_t rounds_so_far) const;

  /// kRefused (`study_limit`) before a run begins. `others_today`: other studies whose runs began at this
  /// site within the last 24 hours; each is a question about the same persons. Rule 14.
  Result<void> CheckStart(std::uint64_t others_today) const;

  /// A site's description of its table. Reveals: column names; level names held by at least
  /// minimum_count persons here or declared in the study; the number of rows when it is 0 or at least
  /// minimum_count. kRefused (`rare_level`) when an undeclared level is held by fewer persons.
  Result<Released<table::SiteSchema>> Describe(
      const Study& study, const table::SiteSchema& schema,
      const std::vector<std::vector<std::uint64_t>>& persons_per_level) const;

  /// An error as it may cross the boundary. Reveals: its code and reason.
  Released<Refusal> Refuse(const Error& error) const;

  /// A released description with the site's thresholds, as it travels: SiteSchema, MinimumCount(study), Limits(study).
  /// Reveals: what Describe says, and the site's thresholds for this study.
  Released<core::Bytes> Description(const Study& study,
                                    const Released<table::SiteSchema>& schema) const;

  /// A refusal as it travels.
  Released<core::Bytes> Encoded(const Released<Refusal>& refusal) const {
    return Released<core::Bytes>(core::Encode(refusal.value()));
  }

  /// What SecureSumSite signed for the hub: an announcement, a masked upload, a survivor statement or an
  /// unmasking, each under `context`. kFailed ("not_a_protocol_message") for anything that this site's
  /// own key did not sign as such a message; a plain vector of numbers is none.
  /// Reveals: what secure_sum_site.h says of each; of uploads, nothing but their size.
  Result<Released<core::Bytes>> SecureSum(core::Bytes message, const PublicKey& own_key,
                                          std::string_view context) const;

  /// A message without any number that was computed from records: its type says so.
  template <typename Message>
  Released<core::Bytes> Protocol(const Message& message) const {
    static_assert(Message::kCarriesNoPlainNumber, "only messages of the secure sum pass here");
    return Released<core::Bytes>(core::Encode(message));
  }

 private:
  Result<void> CheckMethod(const Analysis& analysis) const;

  SitePolicy policy_;
};

}  // namespace clinnova::federation
