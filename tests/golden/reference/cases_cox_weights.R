# SPDX-License-Identifier: Apache-2.0
# Cox models with weights and offsets, and predictions; uses the data of cases_curves.R.

weighted_notes <- c("with weights that are not whole numbers coxph's errors are robust by default",
                    "predictions: summary(survfit(fit, newdata)); std_error is that of the survival")
weighted <- lungs[complete.cases(lungs[c("ph.ecog", "age")]), ]
weighted$whole <- 1 + (seq_len(nrow(weighted)) * 7) %% 3
weighted$fraction <- round(0.5 + ((seq_len(nrow(weighted)) * 13) %% 17) / 10, 1)
weighted$shift <- round(((seq_len(nrow(weighted)) * 5) %% 11) / 10, 1)
unstratified <- character()
golden_case("cox_weights_lung", weighted, from = "survival::lung", notes = weighted_notes, analyses = list(
  refined_cox_analysis("whole", "Surv(time, dead) ~ age + sex + ph.ecog", weighted, weights = "whole"),
  refined_cox_analysis("fractions", "Surv(time, dead) ~ age + sex + ph.ecog", weighted, weights = "fraction"),
  refined_cox_analysis("not_robust", "Surv(time, dead) ~ age + sex", weighted, weights = "fraction", robust = FALSE, strata = unstratified, baseline = TRUE),
  refined_cox_analysis("breslow", "Surv(time, dead) ~ age + sex", weighted, weights = "fraction", ties = "breslow", strata = unstratified),
  refined_cox_analysis("offset", "Surv(time, dead) ~ age + sex + offset(shift)", weighted),
  refined_cox_analysis("offset_and_weights", "Surv(time, dead) ~ age + offset(0.5 * shift)", weighted, weights = "whole", strata = "sex")))
# Many ties, so that Efron's steps and weights meet.
tied_weights <- with_sites(transform(weighted[setdiff(names(weighted), "site")], time = ceiling(time / 60)), by_turn(nrow(weighted), 3))
golden_case("cox_weights_heavy_ties", tied_weights, from = "survival::lung, times in sixties of days", notes = weighted_notes, analyses = list(
  refined_cox_analysis("efron", "Surv(time, dead) ~ age + sex", tied_weights, weights = "fraction", strata = unstratified, baseline = TRUE),
  refined_cox_analysis("by_site", "Surv(time, dead) ~ age + sex", tied_weights, weights = "whole"),
  refined_cox_analysis("breslow", "Surv(time, dead) ~ age + sex", tied_weights, weights = "whole", ties = "breslow", strata = unstratified),
  refined_cox_analysis("predicted", "Surv(time, dead) ~ age + sex", tied_weights, weights = "fraction", strata = unstratified,
                       newdata = data.frame(age = c(50, 71.5), sex = factor(c("female", "male"))))))
golden_case("cox_predictions_lung", weighted, from = "survival::lung", notes = weighted_notes, analyses = list(
  refined_cox_analysis("at_times", "Surv(time, dead) ~ age + sex + factor(ph.ecog)", weighted, strata = unstratified, times = c(1, 180, 365.25, 5000),
                       newdata = data.frame(age = c(60, 75), sex = factor(c("female", "male")), ph.ecog = c(0, 2))),
  refined_cox_analysis("everywhere", "Surv(time, dead) ~ log(age) * sex", weighted, ties = "breslow", strata = unstratified, conf_level = 0.9,
                       newdata = data.frame(age = 66, sex = factor("male"))),
  refined_cox_analysis("robust", "Surv(time, dead) ~ age", weighted, strata = unstratified, robust = TRUE, times = c(100, 500), newdata = data.frame(age = 40)),
  refined_cox_analysis("with_offset", "Surv(time, dead) ~ age + offset(shift)", weighted, strata = unstratified, times = c(100, 500),
                       newdata = data.frame(age = 55, shift = 0.3))))
golden_case("cox_predictions_left_truncated", late, from = "simulated, seed 20260104", notes = weighted_notes, analyses = list(
  refined_cox_analysis("predicted", "Surv(entry, exit, event) ~ x + sex", late, strata = unstratified, times = c(2, 4, 6.5),
                       newdata = data.frame(x = c(-1, 0.5), sex = factor(c("F", "M"))))))
# Weights with entry times and clusters: pairs of rows of one cluster count together in the concordance's error.
late_weighted <- transform(late, w = round(0.25 + ((seq_len(nrow(late)) * 7) %% 13) / 4, 2), person = (seq_len(nrow(late)) - 1) %/% 3)
late_weighted <- with_sites(late_weighted[setdiff(names(late_weighted), "site")], site_names(3)[late_weighted$person %% 3 + 1])
golden_case("cox_weights_left_truncated", late_weighted, from = "simulated, seed 20260104", notes = weighted_notes, analyses = list(
  refined_cox_analysis("by_site", "Surv(entry, exit, event) ~ x + sex", late_weighted, weights = "w", robust = FALSE),
  refined_cox_analysis("clustered", "Surv(entry, exit, event) ~ x + sex + cluster(person)", late_weighted, weights = "w", strata = unstratified),
  refined_cox_analysis("clustered_by_site", "Surv(entry, exit, event) ~ x + sex + cluster(person)", late_weighted, weights = "w", ties = "breslow")))
