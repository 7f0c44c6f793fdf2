# SPDX-License-Identifier: Apache-2.0
# Kaplan-Meier curves and log-rank tests.

curve_notes <- c("std_error is Greenwood's error of the survival itself, as in summary(survfit), not of its logarithm",
                 "time lists every distinct time, also those with censoring only; NA in R is null",
                 "n_event and n_censor of an analysis with times count since the time before, as summary.survfit")

lungs <- lung[c("time", "status", "age", "sex", "ph.ecog", "ph.karno", "wt.loss", "inst")]
lungs$dead <- lungs$status - 1
lungs$sex <- factor(c("male", "female")[lungs$sex])
lungs <- with_sites(lungs[setdiff(names(lungs), "status")], by_turn(nrow(lungs), 4))
golden_case("km_lung", lungs, from = "survival::lung", notes = curve_notes, analyses = list(
  km_analysis("all", "Surv(time, dead) ~ 1", lungs),
  km_analysis("by_sex", "Surv(time, dead) ~ sex", lungs),
  km_analysis("by_score", "Surv(time, dead) ~ ph.ecog", lungs),
  km_analysis("log_log", "Surv(time, dead) ~ sex", lungs, conf_type = "log-log"),
  km_analysis("plain", "Surv(time, dead) ~ sex", lungs, conf_type = "plain"),
  km_analysis("ninety_percent", "Surv(time, dead) ~ sex", lungs, conf_level = 0.9)))

golden_case("km_times_lung", lungs, from = "survival::lung", notes = c(curve_notes, "summary(fit, times, extend = TRUE); 2000 is after the last time, 1 before the first event"),
  analyses = list(
  km_analysis("grid", "Surv(time, dead) ~ sex", lungs, times = c(1, 30.5, 365, 730, 2000)),
  km_analysis("single", "Surv(time, dead) ~ 1", lungs, times = 365)))

golden_case("km_two_variables_lung", lungs, from = "survival::lung",
  notes = c(curve_notes, "strata of two variables are named as R names them"),
  analyses = list(km_analysis("sex_and_score", "Surv(time, dead) ~ sex + ph.ecog", lungs)))

relapse <- with_sites(data.frame(weeks = aml$time, relapsed = aml$status, group = factor(as.character(aml$x))), by_turn(nrow(aml), 3))
golden_case("km_leukaemia", relapse, from = "survival::aml", notes = curve_notes, analyses = list(
  km_analysis("all", "Surv(weeks, relapsed) ~ 1", relapse), km_analysis("by_group", "Surv(weeks, relapsed) ~ group", relapse),
  logrank_analysis("test", "Surv(weeks, relapsed) ~ group", relapse),
  logrank_analysis("peto", "Surv(weeks, relapsed) ~ group", relapse, rho = 1)))

# Ties between sites, a group without events, a curve that rests at one half, one that ends at zero.
corners <- data.frame(
  time = c(1, 1, 2, 2, 3, 5, 6, 6, 2, 5, 6, 7, 1, 2, 3, 4, 2.5, 0.25, 1.75, 2.5),
  event = c(1, 1, 1, 1, 0, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 0, 0),
  group = factor(rep(c("half", "none", "zero", "fraction"), c(8, 4, 4, 4))))
corners <- with_sites(corners, by_turn(nrow(corners), 3))
golden_case("km_corners", corners, from = "written by hand", notes = c(curve_notes,
  "group half rests at exactly 0.5 from time 2 to 5: its median is the middle, 3.5"),
  analyses = list(
  km_analysis("log", "Surv(time, event) ~ group", corners), km_analysis("log_log", "Surv(time, event) ~ group", corners, conf_type = "log-log"),
  km_analysis("plain", "Surv(time, event) ~ group", corners, conf_type = "plain"), km_analysis("all", "Surv(time, event) ~ 1", corners),
  logrank_analysis("four_groups", "Surv(time, event) ~ group", corners),
  logrank_analysis("with_rho", "Surv(time, event) ~ group", corners, rho = 1)))

# Left truncation: subjects come under observation at `entry`.
set.seed(20260104)
late <- data.frame(entry = round(runif(150, 0, 4), 1), sex = factor(sample(c("F", "M"), 150, TRUE)), x = round(rnorm(150), 2))
late$exit <- round(late$entry + 0.1 + rexp(150, 0.25 * exp(0.5 * late$x)), 1)
late$event <- rbinom(150, 1, 0.7)
late <- with_sites(late, in_blocks(150, 3))
golden_case("km_left_truncated", late, from = "simulated, seed 20260104", notes = curve_notes, analyses = list(
  km_analysis("all", "Surv(entry, exit, event) ~ 1", late), km_analysis("by_sex", "Surv(entry, exit, event) ~ sex", late)))

set.seed(20260105)
fractional <- data.frame(months = round(rweibull(160, 1.3, 20) * 8) / 8, died = rbinom(160, 1, 0.6), arm = factor(sample(c("A", "B", "C"), 160, TRUE)))
fractional$months <- pmax(fractional$months, 0.125)
fractional <- with_sites(fractional, by_turn(160, 5))
golden_case("km_fractional_times", fractional, empty = "s6", from = "simulated, seed 20260105",
  notes = c(curve_notes, "times in eighths of a month, many ties between sites; site s6 is empty"), analyses = list(
  km_analysis("by_arm", "Surv(months, died) ~ arm", fractional), logrank_analysis("arms", "Surv(months, died) ~ arm", fractional)))

golden_case("logrank_lung", lungs, from = "survival::lung", analyses = list(
  logrank_analysis("two_groups", "Surv(time, dead) ~ sex", lungs), logrank_analysis("four_groups", "Surv(time, dead) ~ ph.ecog", lungs),
  logrank_analysis("rho_one", "Surv(time, dead) ~ sex", lungs, rho = 1), logrank_analysis("rho_half", "Surv(time, dead) ~ ph.ecog", lungs, rho = 0.5),
  logrank_analysis("by_site", "Surv(time, dead) ~ sex", lungs, strata = "site"),
  logrank_analysis("rho_by_site", "Surv(time, dead) ~ sex", lungs, rho = 1, strata = "site")))
golden_case("logrank_strata", lungs, from = "survival::lung", analyses = list(
  logrank_analysis("option", "Surv(time, dead) ~ sex", lungs, strata = "ph.ecog"),
  logrank_analysis("term", "Surv(time, dead) ~ sex + strata(ph.ecog)", lungs),
  logrank_analysis("two_strata", "Surv(time, dead) ~ sex", lungs, strata = c("site", "ph.ecog"))))

veterans <- with_sites(transform(veteran, celltype = factor(as.character(celltype)), trt = factor(c("standard", "test")[trt])), by_turn(nrow(veteran), 4))
golden_case("logrank_veteran", veterans, from = "survival::veteran", analyses = list(
  logrank_analysis("cell_types", "Surv(time, status) ~ celltype", veterans), logrank_analysis("arms", "Surv(time, status) ~ trt", veterans),
  logrank_analysis("arms_by_type", "Surv(time, status) ~ trt", veterans, strata = "celltype"),
  km_analysis("curves", "Surv(time, status) ~ celltype", veterans)))
