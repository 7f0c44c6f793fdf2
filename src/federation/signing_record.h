// SPDX-License-Identifier: Apache-2.0
// A site's memory of what it has committed itself to, so that nobody can make it say two things.
//
//   Claim claims[] = {{ClaimKind::kSurvivors, header_hash, set_hash}};
//   CLINNOVA_TRY(record.Commit(claims));      // kept before the signature leaves
//
// Property: for one (kind, key) a site only ever commits to one value, also across crashes and runs when
// the record is the ledger's. This is what stops a hub that asks the same site about two survivor sets.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/hash.h"

namespace clinnova::federation {

/// What a commitment is about: its key -> its value.
enum class ClaimKind : std::uint8_t {
  kAnnouncement,  ///< run -> the announcement
  kParticipants,  ///< run -> the announcements of all sites
  kRound,         ///< run and round number -> header
  kUpload,        ///< header -> the numbers that were masked, under a key of the site's
  kSurvivors,     ///< header -> the survivor set
  kState,         ///< what is asked (study, analysis, step, parameters) -> the sites summed over
  kStudy,         ///< study and number of stewards' consents -> the sites summed over
};

/// The word for a kind, as ledgers spell it: "announcement", "participants", "round", "upload",
/// "survivors", "state", "study".
std::string_view ClaimName(ClaimKind kind);
std::optional<ClaimKind> ClaimKindFromName(std::string_view name);

struct Claim {
  ClaimKind kind = ClaimKind::kRound;
  core::Hash key{};
  core::Hash value{};
};

class SigningRecord {
 public:
  virtual ~SigningRecord() = default;

  /// Keeps all claims, or none: kRefused when one of them has another value already, with reason
  /// "two_announcements", "two_participant_lists", "two_headers", "upload_changed", "two_survivor_sets",
  /// "state_has_other_sites" or "study_has_other_sites". When it succeeds the claims survive a crash.
  virtual Result<void> Commit(std::span<const Claim> claims) = 0;

  /// Whether the site has committed itself to some value for (kind, key).
  virtual bool Holds(ClaimKind kind, const core::Hash& key) const = 0;

  /// Keeps that the site refused `request` ("upload", "survivors", ...) and why.
  virtual void Refused(std::string_view request, const Error& why) = 0;
};

/// The claims in memory: the whole record of an in-process federation, and the index of a kept one.
class ClaimTable {
 public:
  /// Which claims are new; kRefused as in SigningRecord::Commit.
  Result<std::vector<Claim>> Check(std::span<const Claim> claims) const;
  void Insert(std::span<const Claim> claims);
  bool Holds(ClaimKind kind, const core::Hash& key) const { return values_.contains({kind, key}); }

 private:
  std::map<std::pair<ClaimKind, core::Hash>, core::Hash> values_;
};

/// A record that lives as long as its process: for simulations and tests.
class MemorySigningRecord final : public SigningRecord {
 public:
  Result<void> Commit(std::span<const Claim> claims) override;
  bool Holds(ClaimKind kind, const core::Hash& key) const override {
    return table_.Holds(kind, key);
  }
  void Refused(std::string_view request, const Error& why) override;

  struct Refusal {
    std::string request;
    Error why;
  };
  const std::vector<Refusal>& refusals() const { return refusals_; }

 private:
  ClaimTable table_;
  std::vector<Refusal> refusals_;
};

}  // namespace clinnova::federation
