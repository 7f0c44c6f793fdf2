# SPDX-License-Identifier: Apache-2.0
# What goes wrong in survival data: a site of one person, one without rows, a column missing at a site, a level at one
# site, a stratum without events, a group with one person, columns of very different scales, times from
# microseconds to ages of the earth, collinear columns, censorings tied with events, persons who leave at their first event.
set.seed(20261128)
hard <- data.frame(arm = factor(sample(c("drug", "none"), 121, TRUE)), age = round(rnorm(121, 54, 9)), crp = round(rexp(121) * 8, 2))
hard$days <- ceiling(rexp(121, 0.004 * exp(0.03 * (hard$age - 54) - 0.4 * (hard$arm == "drug"))))
hard$days <- pmin(hard$days, 400)
hard$dead <- ifelse(hard$days == 400, 0, rbinom(121, 1, 0.75))
hard$state <- ifelse(hard$dead == 1, 1 + rbinom(121, 1, 0.35), 0)
hard$entry <- round(hard$days * ((seq_len(121) * 7) %% 10) / 20, 1)
hard <- with_sites(hard, c("s1", rep("s2", 30), rep("s3", 40), rep("s4", 50)))
hard$region <- factor(ifelse(seq_len(121) %% 5 == 0, "south", "north"))
hard$dead[hard$region == "south" & hard$site == "s2"] <- 0
hard$quiet <- factor(ifelse(seq_len(121) %% 11 == 0, "quiet", "usual"))
hard$dead[hard$quiet == "quiet"] <- 0
hard$state[hard$dead == 0] <- 0
hard$level <- factor(ifelse(hard$site == "s4" & seq_len(121) %% 4 == 0, "new", as.character(hard$arm)))
hard$alone <- factor(ifelse(seq_len(121) == 5, "alone", as.character(hard$arm)))
hard$gap <- ifelse(hard$site == "s2", NA, hard$crp)
hard$high <- factor(ifelse(hard$gap > 5, "high", "low"))
hard$milli <- hard$crp * 1e-3
hard$kilo <- hard$age * 1e3
hard$molar <- hard$crp * 1e-12
hard$cells <- hard$age * 1e12 + 3e11
hard$twice <- 2 * hard$age
hard$seconds <- hard$days * 1e-6  # survival takes times that differ by less than 1.5e-8 as equal
hard$aeons <- hard$days * 1e12
hard$shift <- round(hard$age / 100, 2)
hard_notes <- "made to be awkward; see cases_survival_awkward.R"
golden_case("survival_awkward_cox", hard, from = "simulated, seed 20261128", notes = hard_notes, empty = "s5",
  tolerances = list(p_value = 1e-8), because = small_p, analyses = list(
  cox_analysis("scales", "Surv(days, dead) ~ molar + cells", hard, strata = character()),
  cox_analysis("scales_by_site", "Surv(days, dead) ~ molar + cells", hard),
  cox_analysis("level_at_one_site", "Surv(days, dead) ~ level + age", hard, strata = character()),
  cox_analysis("missing_at_site", "Surv(days, dead) ~ gap + arm", hard),
  cox_analysis("quiet_stratum", "Surv(days, dead) ~ age + arm", hard, strata = "quiet"),
  cox_analysis("twice", "Surv(days, dead) ~ age + twice + arm", hard, strata = character(), ties = "breslow"),
  cox_analysis("small_times", "Surv(seconds, dead) ~ age + arm", hard, strata = character()),
  cox_analysis("large_times", "Surv(aeons, dead) ~ age + arm", hard, strata = character()),
  cox_analysis("late", "Surv(entry, days, dead) ~ age + arm + offset(shift)", hard, strata = character())))
golden_case("survival_awkward_curves", hard, from = "simulated, seed 20261128", notes = hard_notes, empty = "s5", analyses = list(
  km_analysis("level_at_one_site", "Surv(days, dead) ~ level", hard),
  km_analysis("quiet", "Surv(days, dead) ~ quiet", hard),
  km_analysis("alone", "Surv(days, dead) ~ alone", hard, conf_type = "log-log"),
  km_analysis("small_times", "Surv(seconds, dead) ~ arm", hard),
  km_analysis("large_times", "Surv(aeons, dead) ~ arm", hard),
  km_analysis("late", "Surv(entry, days, dead) ~ arm", hard),
  km_analysis("missing_at_site", "Surv(days, dead) ~ high", hard),
  logrank_analysis("test_level_at_one_site", "Surv(days, dead) ~ level", hard),
  logrank_analysis("test_alone", "Surv(days, dead) ~ alone", hard),
  logrank_analysis("test_by_quiet", "Surv(days, dead) ~ arm", hard, strata = "quiet"),
  logrank_analysis("test_small_times", "Surv(seconds, dead) ~ arm", hard, rho = 1),
  rmst_analysis("mean_level", "Surv(days, dead) ~ level", hard, tau = 300),
  rmst_analysis("mean_quiet", "Surv(days, dead) ~ quiet", hard, tau = 200),
  rmst_analysis("mean_small", "Surv(seconds, dead) ~ arm", hard, tau = 3e-4),
  rmst_analysis("mean_large", "Surv(aeons, dead) ~ arm", hard, tau = 3e14)))
hard$time <- hard$days
hard$status <- hard$state
golden_case("competing_awkward", hard, from = "simulated, seed 20261128", notes = c(hard_notes, competing_notes), empty = "s5",
  tolerances = list(p_value = 1e-8), because = small_p, analyses = list(
  competing_analysis("scales", "milli + kilo", hard, model = "fine_gray"),
  competing_analysis("level_at_one_site", "level + age", hard, cause = 2, model = "fine_gray"),
  competing_analysis("missing_at_site", "gap + arm", hard, model = "fine_gray"),
  competing_analysis("curves", "level", hard, group = "level", model = "cuminc"),
  competing_analysis("large_times", "arm", hard, time = "aeons", group = "arm", model = "cuminc"),
  competing_analysis("small_times", "age + arm", hard, time = "seconds", model = "fine_gray")))
