# SPDX-License-Identifier: Apache-2.0
# Meta-analyses of sites' own fits, and of published estimates as rows.

meta_notes <- c("each site's model is fitted to its rows alone; a site where the term cannot be estimated is left out",
                "metafor::rma.uni with threshold 1e-15; i2 in percent; prediction intervals as predict() gives them")

# Eight centres, of which one has nobody on one arm.
set.seed(20261128)
eight_centres <- data.frame(site = factor(rep(paste0("c", 1:8), c(40, 55, 70, 35, 90, 60, 45, 30))))
eight_centres$arm <- factor(ifelse(eight_centres$site == "c8", "control", sample(c("control", "new"), nrow(eight_centres), TRUE)))
eight_centres$age <- round(rnorm(nrow(eight_centres), 50, 12))
trial_shift <- c(0.2, 1.4, 0.9, -0.3, 0.6, 1.1, 0.1, 0)[as.integer(eight_centres$site)]
eight_centres$response <- rbinom(nrow(eight_centres), 1, plogis(-0.4 + trial_shift * (eight_centres$arm == "new") + 0.01 * (eight_centres$age - 50)))
eight_centres$score <- round(10 + trial_shift * 2 * (eight_centres$arm == "new") + 0.05 * eight_centres$age + rnorm(nrow(eight_centres), 0, 2), 2)
eight_centres$months <- round(rexp(nrow(eight_centres), 0.1 * exp(-0.5 * trial_shift * (eight_centres$arm == "new"))), 2) + 0.01
eight_centres$relapse <- rbinom(nrow(eight_centres), 1, 0.8)
eight_centres$visits <- rpois(nrow(eight_centres), exp(0.5 + 0.2 * trial_shift * (eight_centres$arm == "new")))
odds <- list(study = list(name = "odds", method = "glm", formula = "response ~ arm + age", family = "binomial"), expected = list(method = "glm"))
hazards <- list(study = list(name = "hazards", method = "cox", formula = "Surv(months, relapse) ~ arm + age"), expected = list(method = "cox"))
logit <- function(name, ...) meta_analysis(name, eight_centres, "armnew", "response ~ arm + age", family = "binomial", analysis = "odds", ...)
golden_case("meta_trial", eight_centres, from = paste("simulated, seed 20261128;", metafor_version), notes = meta_notes, analyses = list(
  odds, hazards, logit("fixed"), logit("moments", model = "random"), logit("restricted", tau2 = "REML"), logit("paule_mandel", tau2 = "PM"),
  logit("knapp_hartung", tau2 = "REML", hartung_knapp = TRUE), logit("adhoc", model = "random", hartung_knapp = "adhoc", conf_level = 0.9),
  logit("released", tau2 = "PM", release_sites = TRUE),
  meta_analysis("log_hazard", eight_centres, "armnew", "Surv(months, relapse) ~ arm + age", analysis = "hazards", tau2 = "REML"),
  meta_analysis("survival_formula", eight_centres, "age", "Surv(months, relapse) ~ arm + age", tau2 = "PM", hartung_knapp = TRUE),
  meta_analysis("means", eight_centres, "armnew", "score ~ arm + age", tau2 = "REML", release_sites = TRUE),
  meta_analysis("intercepts", eight_centres, "(Intercept)", "score ~ arm", model = "random"),
  meta_analysis("rates", eight_centres, "armnew", "visits ~ arm", family = "poisson", tau2 = "REML", hartung_knapp = TRUE)))

bcg <- escalc("RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)
bcg <- with_sites(data.frame(estimate = as.vector(bcg$yi), error = sqrt(bcg$vi)), by_turn(nrow(bcg), 4))
golden_case("meta_bcg_rows", bcg, from = paste("metafor::dat.bcg;", metafor_version), notes = meta_notes, analyses = list(
  rows_meta_analysis("fixed", bcg), rows_meta_analysis("moments", bcg, model = "random"), rows_meta_analysis("restricted", bcg, tau2 = "REML"),
  rows_meta_analysis("paule_mandel", bcg, tau2 = "PM"), rows_meta_analysis("knapp_hartung", bcg, tau2 = "REML", hartung_knapp = TRUE)))

# Estimates that agree (no variance between them), and one that is far from the others and precise.
alike <- with_sites(data.frame(estimate = c(0.31, 0.28, 0.35, 0.3, 0.29), error = c(0.2, 0.1, 0.3, 0.25, 0.15)), by_turn(5, 3))
golden_case("meta_agreeing_rows", alike, from = paste("written by hand;", metafor_version), notes = meta_notes, analyses = list(
  rows_meta_analysis("moments", alike, model = "random"), rows_meta_analysis("restricted", alike, tau2 = "REML"),
  rows_meta_analysis("paule_mandel", alike, tau2 = "PM", hartung_knapp = TRUE), rows_meta_analysis("adhoc", alike, tau2 = "REML", hartung_knapp = "adhoc")))
outlying <- with_sites(data.frame(estimate = c(0.1, -0.2, 0.05, 7), error = c(0.5, 0.01, 2, 0.02)), by_turn(4, 3))
golden_case("meta_outlying_rows", outlying, from = paste("written by hand;", metafor_version), notes = meta_notes, analyses = list(
  rows_meta_analysis("moments", outlying, model = "random"), rows_meta_analysis("restricted", outlying, tau2 = "REML"),
  rows_meta_analysis("paule_mandel", outlying, tau2 = "PM"), rows_meta_analysis("fixed", outlying)))

few <- with_sites(data.frame(estimate = c(-0.36, 0.21, -0.68), error = c(0.22, 0.31, 0.17)), by_turn(3, 3))
bayes_notes <- "normal hierarchical model; integrated over tau in R on 400 panels, see bayes_fields()"
golden_case("meta_bayes_rows", bcg, from = "metafor::dat.bcg", notes = bayes_notes, analyses = list(
  bayes_rows_analysis("defaults", bcg), bayes_rows_analysis("wide", bcg, prior_mean = -1, prior_sd = 10, tau_scale = 2, conf_level = 0.8)))
golden_case("meta_bayes_few", few, from = "written by hand", notes = bayes_notes, analyses = list(
  bayes_rows_analysis("three_sites", few), bayes_rows_analysis("narrow", few, tau_scale = 0.1)))
golden_case("meta_bayes_agreeing", alike, from = "written by hand", notes = bayes_notes, analyses = list(bayes_rows_analysis("defaults", alike)))

# Few events: nobody on one arm has one at r4, nobody at all at r5, and r6 has one arm only.
set.seed(20261130)
rare <- data.frame(site = factor(rep(paste0("r", 1:6), c(90, 70, 120, 50, 20, 15))))
rare$exposed <- rbinom(nrow(rare), 1, 0.5)
rare$exposed[rare$site == "r6"] <- 0
rare$age <- round(rnorm(nrow(rare), 0, 10)) / 10
rare$days <- ceiling(rexp(nrow(rare), 0.02))
rare$died <- rbinom(nrow(rare), 1, ifelse(rare$exposed == 1, 0.25, 0.12))
rare$died[rare$site == "r4" & rare$exposed == 0] <- 0
rare$died[rare$site == "r5"] <- 0
rare_profiles <- function(formula) lapply(split(rare, rare$site)[c("r1", "r2", "r3", "r4")], profile_of, formula, "exposed")
rare_case <- function(name, formula, ...) {
  profiles <- rare_profiles(formula)
  study <- list(name = paste0(name, "_profile"), method = "meta", analysis = name, term = "exposed", model = "bayes", likelihood = "profile", ...)
  list(list(study = list(name = name, method = "cox", formula = paste(deparse(formula[[2]]), "~", if (name == "alone") "exposed" else "exposed + age")), expected = list(method = "cox")),
       list(study = study, expected = profile_posterior(profiles, -9, 11, 201, ...)))
}
golden_case("meta_profile_rare", rare, from = "simulated, seed 20261130", notes = "sites' profile likelihoods by coxph() with an offset, integrated in R",
  analyses = c(rare_case("alone", Surv(days, died) ~ 1), rare_case("adjusted", Surv(days, died) ~ age, prior_sd = 1, tau_scale = 0.2, conf_level = 0.8)))

# The same of outcomes without times, and of counts of admissions, of which nobody on one arm has any at r4.
set.seed(20261206)
rare$years <- round(runif(nrow(rare), 0.2, 3), 1)
rare$admissions <- rpois(nrow(rare), rare$years * exp(-2 + 0.8 * rare$exposed + 0.2 * rare$age))
rare$admissions[rare$site == "r4" & rare$exposed == 0] <- 0
rare$admissions[rare$site == "r5"] <- 0
outcome_case <- function(name, formula, right, family, ...) {
  profiles <- lapply(split(rare, rare$site)[c("r1", "r2", "r3", "r4")], profile_of, formula, "exposed", family)
  study <- list(name = paste0(name, "_profile"), method = "meta", analysis = name, term = "exposed", model = "bayes", likelihood = "profile", ...)
  list(list(study = list(name = name, method = "glm", family = family, formula = paste(deparse(formula[[2]]), "~", right)), expected = list(method = "glm")),
       list(study = study, expected = profile_posterior(profiles, -9, 11, 201, ...)))
}
golden_case("meta_profile_outcomes", rare, from = "simulated, seeds 20261130 and 20261206", notes = "sites' profile likelihoods by Newton's method, which at 0 is glm()'s, integrated in R",
  analyses = c(outcome_case("logistic", died ~ 1, "exposed", "binomial"), outcome_case("logistic_adjusted", died ~ age, "exposed + age", "binomial", prior_sd = 1, tau_scale = 0.2, conf_level = 0.8),
               outcome_case("poisson", admissions ~ age + offset(log(years)), "exposed + age + offset(log(years))", "poisson")))
