// SPDX-License-Identifier: Apache-2.0
#include "federation/information_account.h"

namespace clinnova::federation {

std::uint64_t InformationAccount::Further(const InformationCharge& charge) const {
  const auto found = largest_.find({charge.project, charge.question, charge.step});
  const std::uint64_t before = found == largest_.end() ? 0 : found->second;
  return charge.numbers > before ? charge.numbers - before : 0;
}

Result<void> InformationAccount::Charge(const InformationCharge& charge, double allowance) {
  const std::lock_guard lock(mutex_);
  const auto further = static_cast<double>(Further(charge));
  if (further == 0) return {};
  const double each = further / static_cast<double>(charge.variables.size());
  for (const std::string& variable : charge.variables) {
    if (ChargedTo(charge.project, variable) + each <= allowance) continue;
    return Fail(
        ErrorCode::kRefused,
        "the project has been told as many numbers about " + variable + " as its persons allow",
        "information_budget");
  }
  Enter(charge);
  return {};
}

void InformationAccount::Restore(const InformationCharge& charge) {
  const std::lock_guard lock(mutex_);
  Enter(charge);
}

void InformationAccount::Enter(const InformationCharge& charge) {
  const std::uint64_t further = Further(charge);
  if (further == 0) return;
  largest_[{charge.project, charge.question, charge.step}] += further;
  for (const std::string& variable : charge.variables) {
    charged_[{charge.project, variable}] +=
        static_cast<double>(further) / static_cast<double>(charge.variables.size());
  }
}

double InformationAccount::Charged(const std::string& project, const std::string& variable) const {
  const std::lock_guard lock(mutex_);
  return ChargedTo(project, variable);
}

double InformationAccount::ChargedTo(const std::string& project,
                                     const std::string& variable) const {
  const auto found = charged_.find({project, variable});
  return found == charged_.end() ? 0 : found->second;
}

}  // namespace clinnova::federation
