# SPDX-License-Identifier: Apache-2.0
# Competing risks with left truncation, case weights and strata: survfit() with a multi-state status, coxph() on the
# rows of finegray(), and cuminc() with strata.

late_notes <- c("curves: survfit(Surv(start, stop, status), weights, id) with a factor status; counts are of persons, also with weights",
  "terms: coxph(weights = fgwt, cluster = id) on the rows of finegray(); ties are Efron's unless `ties` says otherwise",
  "tests: cmprsk::cuminc(strata = )")

# One data set in all its combinations; `arm` groups the curves, `centre` is the strata.
late_analyses <- function(data, right, time = "time", status = "status") {
  late <- function(name, ...) competing_analysis(name, ..., data = data, time = time, status = status)
  list(
    late("entry", "1", late = "entry"),
    late("entry_by_arm", "arm", group = "arm", late = "entry", cause = 2, conf_type = "log-log", model = "cuminc"),
    late("entry_at_times", "1", late = "entry", times = c(0, 2, 7.5, 400), conf_type = "plain"),
    late("weights", "1", weights = "w", conf_level = 0.9),
    late("fractions_by_arm", "arm", group = "arm", weights = "fraction", model = "cuminc"),
    late("entry_and_fractions", "arm", group = "arm", late = "entry", weights = "fraction", model = "cuminc"),
    late("strata_test", "arm", group = "arm", strata = "centre", model = "cuminc"),
    late("regression_entry", right, late = "entry", model = "fine_gray"),
    late("regression_entry_breslow", right, late = "entry", ties = "breslow", cause = 2, model = "fine_gray"),
    late("regression_weights", right, weights = "w", model = "fine_gray"),
    late("regression_fractions", right, weights = "fraction", cause = 2, model = "fine_gray"),
    late("regression_strata", right, strata = "centre", model = "fine_gray"),
    late("regression_efron", right, ties = "efron", model = "fine_gray"),
    late("regression_all", right, late = "entry", weights = "fraction", strata = "centre", model = "fine_gray", conf_level = 0.9))
}

with_late <- function(data, time, seed) {
  set.seed(seed)
  n <- nrow(data)
  data$entry <- floor(data[[time]] * runif(n, 0, 0.6)) * rbinom(n, 1, 0.7)
  data$w <- sample(1:4, n, TRUE)
  data$fraction <- round(runif(n, 0.2, 3), 2)
  data
}

liver_late <- with_late(transform(liver, arm = sex, centre = factor(edema)), "time", 20261129)
golden_case("competing_late_liver", liver_late, from = paste("survival::pbc, entries and weights simulated, seed 20261129;", cmprsk_version),
  notes = late_notes, analyses = late_analyses(liver_late, "age + log_bili"))

# Months: entries, events of both kinds and censorings at the same times, at all sites.
tied_late <- with_late(tied_causes, "months", 20261130)
tied_late$centre <- factor(ifelse(tied_late$smoker == 1, "yes", "no"))
golden_case("competing_late_ties", tied_late, empty = "s4", from = paste("simulated, seeds 20261126 and 20261130;", cmprsk_version),
  notes = late_notes, analyses = late_analyses(tied_late, "x + arm", "months", "state"))

# A site of one person, a stratum of one person and one without events, levels at one site, times in tenths.
set.seed(20261201)
odd <- data.frame(arm = factor(sample(c("drug", "none"), 130, TRUE), levels = c("drug", "none", "never")), age = round(rnorm(130, 54, 9)))
odd$time <- ceiling(10 * rexp(130, 0.05 * exp(0.03 * (odd$age - 54)))) / 10
odd$status <- sample(c(0, 1, 2), 130, TRUE, c(0.3, 0.45, 0.25))
odd$centre <- factor(ifelse(seq_len(130) == 7, "alone", ifelse(seq_len(130) %% 9 == 0, "quiet", "usual")))
odd$status[odd$centre == "quiet"] <- 0
odd <- with_late(odd, "time", 20261202)
odd <- with_sites(odd, c("s1", rep("s2", 29), rep("s3", 40), rep("s4", 60)))
odd$level <- factor(ifelse(odd$site == "s4" & seq_len(130) %% 4 == 0, "new", as.character(odd$arm)))
golden_case("competing_late_awkward", odd, empty = "s5", from = paste("simulated, seeds 20261201 and 20261202;", cmprsk_version),
  notes = c(late_notes, "nobody has the level never of arm; centre alone is one person, centre quiet has no event"),
  analyses = late_analyses(odd, "age + level"))
