// SPDX-License-Identifier: Apache-2.0
// The study that the demo runs.
#pragma once

#include <string_view>

namespace clinnova::cli {

inline constexpr std::string_view kDemoStudy = R"([study]
title = "Response to the first biologic in rheumatoid arthritis"
purpose = "Which patients reach low disease activity at six months on which drug class"
permit = "Demonstration on synthetic patients; no permit needed"
sites = ["lu-chl", "de-freiburg", "fr-strasbourg", "ch-basel"]
minimum_sites = 3

[cohort]
disease = "ra"
index = "first_biologic"

[[variable]]
name = "drug"
feature = "drug"

[[variable]]
name = "age"
feature = "age"

[[variable]]
name = "sex"
feature = "sex"

[[variable]]
name = "seropositive"
feature = "seropositive"

[[variable]]
name = "das28"
feature = "das28_crp_baseline"

[[variable]]
name = "crp"
feature = "crp_baseline"

[[variable]]
name = "low_activity"
feature = "low_activity"

[[variable]]
name = "days"
feature = "time_to_discontinuation"

[[variable]]
name = "stopped"
feature = "discontinued"

[privacy]
secure_sum = true
minimum_count = 5

[[analysis]]
name = "patients"
method = "summary"
variables = ["age", "das28", "crp", "sex"]

[[analysis]]
name = "response by drug class"
method = "table"
variables = ["drug", "low_activity"]

[[analysis]]
name = "odds of low activity"
method = "glm"
formula = "low_activity ~ drug * seropositive + das28 + age + sex"
family = "binomial"

[[analysis]]
name = "time on drug"
method = "kaplan_meier"
formula = "Surv(days, stopped) ~ drug"

[[analysis]]
name = "time on drug, test"
method = "logrank"
formula = "Surv(days, stopped) ~ drug"

[[analysis]]
name = "hazard of stopping"
method = "cox"
formula = "Surv(days, stopped) ~ drug + seropositive + das28 + age + sex"

[[analysis]]
name = "choice"
method = "treatment_choice"
outcome = "low_activity"
treatment = "drug"
covariates = ["das28", "seropositive", "age", "sex"]
evaluation = ["policies", "calibration"]
[analysis.target_trial]
eligibility = "adults with rheumatoid arthritis and a research consent"
time_zero = "first dose of the first biologic or targeted drug"
assignment = "at random within levels of the covariates"
outcome = "DAS28-CRP of 3.2 or less at six months"
follow_up = "six months, everybody as begun"
)";

}  // namespace clinnova::cli
