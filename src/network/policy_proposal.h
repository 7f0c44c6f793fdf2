// SPDX-License-Identifier: Apache-2.0
// A policy that a steward proposes: is it one, what would change, and for which approved studies; and putting it in force.
//
//   CLINNOVA_ASSIGN(PolicyProposal proposal, CheckPolicy("basel", "stricter.toml"));   // changes nothing
//   CLINNOVA_ASSIGN(PolicyProposal done, SetPolicy("basel", "stricter.toml", "A. Muster"));
//
// The file has the section [policy] as site.toml has it, and nothing else; it takes the place of the whole section there,
// comments included. Thread rule: none needed; several processes: the last one to write wins, and each is in the ledger.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "federation/site_policy.h"
#include "network/policy_in_force.h"

namespace clinnova::network {

/// What a policy does to a study that the site's steward approved and that is not over.
struct StudyUnderPolicy {
  std::string hash{};
  std::string title{};
  std::optional<Error> before{};  ///< why the policy before refuses it; none: it may run
  std::optional<Error> after{};   ///< why the proposed one does
  /// Of a study that may run: its thresholds that differ, the stricter of the study's and the site's before and after.
  std::vector<PolicyChange> thresholds{};
};

struct PolicyProposal {
  federation::SitePolicy before{};
  federation::SitePolicy after{};
  std::vector<PolicyChange> changes{};
  std::vector<StudyUnderPolicy> studies{};
};

/// kInvalidInput: the file is no policy (its name, line and key, what was found and expected), or the folder no site's.
Result<PolicyProposal> CheckPolicy(const std::filesystem::path& folder, const std::string& file);

struct PolicySet {
  PolicyProposal proposal{};
  /// False: a process that serves the site has its ledger, and enters the change there before it answers another question.
  bool recorded = false;
};
/// Puts the policy in force, whole or not at all. Errors of CheckPolicy; kInvalidInput where site.toml keeps its policy in
/// another form than a section [policy], or `by` is empty; kFailed when it cannot be written.
Result<PolicySet> SetPolicy(const std::filesystem::path& folder, const std::string& file,
                            const std::string& by);

/// Why the site's policy refuses a study now; none: it does not.
Result<std::optional<Error>> PolicyRefusal(const std::filesystem::path& folder,
                                           const federation::Study& study);

/// The text of a site.toml with the lines of its section [policy] replaced by `section`, or with it at the end where there
/// is none. Checked: what the result says is the old text's but for the policy, which is the section's. kInvalidInput.
Result<std::string> WithPolicySection(const std::string& text, const std::string& file,
                                      const std::string& section);

}  // namespace clinnova::network
