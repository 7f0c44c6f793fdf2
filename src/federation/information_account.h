// SPDX-License-Identifier: Apache-2.0
// Rule 8: how many numbers a project has been told about each variable, and how many it may be.
//
//   InformationAccount account;                       // at a site, filled from its ledger when it starts
//   CLINNOVA_TRY(account.Charge({.project = permit, .question = hash, .step = "glm.score",
//                                .variables = {"age", "crp"}, .numbers = 9}, allowance));
//
// A released number is a sum over persons; enough different ones are equations that give the persons away. What all
// studies of a project are told about a set V of p variables may be at most a tenth of n p numbers. A step that reads V
// and releases q numbers that are not counts is charged q / p to each variable of V, and each variable has n / 10: then
// the sum over the variables of any set is at most its n p / 10. Rounds of one step of one analysis are steps of one
// calculation at nearby points, so the largest of them counts; an analysis that is asked again is told the same and costs
// nothing. Counts are not charged: rules 3, 9 and 11 are theirs. A project is the permit that its studies
// name; those without one are a project together. Variables are the CDM's features where the study takes them from there, so that
// another name for one does not help. Source: I. Dinur, K. Nissim, "Revealing information while preserving privacy", PODS (2003).
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "core/error.h"

namespace clinnova::federation {

/// What one round would tell, or told.
struct InformationCharge {
  std::string project{};
  std::string question{};  ///< hash of the analysis' options: asked again, it is told the same
  std::string step{};
  std::vector<std::string> variables{};
  std::uint64_t numbers = 0;
};

/// Thread rule: any thread; studies run beside each other.
class InformationAccount {
 public:
  /// Enters a round: kRefused (`information_budget`) when a variable would be charged more than `allowance` numbers.
  /// Then nothing is entered.
  Result<void> Charge(const InformationCharge& charge, double allowance);
  /// Enters a round that the ledger says has been.
  void Restore(const InformationCharge& charge);
  /// What a variable has been charged.
  double Charged(const std::string& project, const std::string& variable) const;

 private:
  using RoundKey = std::tuple<std::string, std::string, std::string>;  ///< project, question, step
  /// Numbers beyond those of earlier rounds of the same step.
  std::uint64_t Further(const InformationCharge& charge) const;
  void Enter(const InformationCharge& charge);
  double ChargedTo(const std::string& project, const std::string& variable) const;

  mutable std::mutex mutex_;
  std::map<RoundKey, std::uint64_t> largest_;
  std::map<std::pair<std::string, std::string>, double> charged_;  ///< by project and variable
};

}  // namespace clinnova::federation
