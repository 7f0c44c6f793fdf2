// SPDX-License-Identifier: Apache-2.0
// Which drug for whom: learns the expected outcome of each drug for a patient, and judges honestly whether choosing by
// it beats giving everybody the best single drug.
//
//   method = "treatment_choice"
//   outcome = "low_activity"               # 0, 1 or a number
//   treatment = "drug"                     # two or more arms
//   covariates = ["das28", "log(crp)", "seropositive", "age", "sex"]
//   direction = "higher"                   # or "lower" where small outcomes are good
//   guideline = ["anti-TNF"]               # judged beside the rule
//   [analysis.target_trial]
//   eligibility = "first biologic, active disease"
//   time_zero = "start of the drug"
//   follow_up = "six months"
//
// Learning (choice_learning.h): K folds by a keyed hash of the patient; for each, without it, an elastic net for the
// outcome by arm and a multinomial propensity. Judging (choice_judgement.h): AIPW scores out of fold give the value of
// the rule that picks the arm with the best expected outcome, of each single drug, of current practice, of chance and of
// the guideline, with intervals; the claim that choosing helps is made only when a lower confidence bound of the gain
// over every single drug is above zero. What comes out for the bedside is the model document (choice_model.cc).
// Assumptions: the covariates are all confounders, everybody could have had each drug, one patient's drug does not
// change another's outcome. docs/methods/treatment_choice.md says what may go wrong.
// Sources: V. Chernozhukov et al., Econom. J. 21 (2018), cross-fitting; S. Athey, S. Wager, Econometrica 89 (2021);
// A. R. Luedtke, M. J. van der Laan, Ann. Stat. 44 (2016), values of rules that are learned.
//
// Rounds: two for the frame, about a dozen for the outcome models, half a dozen for the propensities, thirteen
// for the judgement; as many again for leave_one_site_out; three for a policy tree (choice_policy_judgement.h). Trees:
// `depth` rounds each, twice that under disclosure rules.
// Reveals, to the hub and the researcher: what choice_steps.h, choice_value_steps.h and choice_policy_steps.h say. Needs
// rules 1 to 4 of privacy.md; rules 2 and 3 hold in every fold, and gains by site are told only where disclosure is off.
#pragma once

#include "stats/method.h"

namespace clinnova::learn {

/// The method "treatment_choice".
stats::Method TreatmentChoiceMethod();

}  // namespace clinnova::learn
