# SPDX-License-Identifier: Apache-2.0
# Treatment effects by all estimators, as M-estimators in R (fit_effect.R).

effect_notes <- c("all estimating equations stacked, derivatives by complex step; propensity multinomial logit, one outcome model per arm",
                  "trim leaves out persons with a propensity below it, without fitting the propensity again",
                  "smd: difference of (weighted) means over sqrt of the mean of the two unweighted variances")

smoking_births <- MASS::birthwt
smoking_births <- data.frame(grams = smoking_births$bwt, low = smoking_births$low, smoke = smoking_births$smoke, age = smoking_births$age, pounds = smoking_births$lwt,
                     race = factor(smoking_births$race, labels = c("white", "black", "other")), hypertension = smoking_births$ht, irritable = smoking_births$ui)
smoking_births <- with_sites(smoking_births, in_blocks(nrow(smoking_births), 4))
birth_covariates <- c("age", "pounds", "race", "hypertension", "irritable")
golden_case("effect_births", smoking_births, from = "MASS::birthwt", notes = effect_notes, analyses = list(
  effect_analysis("ipw", smoking_births, "grams", "smoke", birth_covariates),
  effect_analysis("ipw_treated", smoking_births, "grams", "smoke", birth_covariates, "ipw", "ATT", conf_level = 0.9),
  effect_analysis("ipw_trimmed", smoking_births, "grams", "smoke", birth_covariates, "ipw", trim = 0.2),
  effect_analysis("overlap", smoking_births, "grams", "smoke", birth_covariates, "overlap"),
  effect_analysis("gcomp", smoking_births, "grams", "smoke", c("age", "pounds", "race"), "gcomp"),
  effect_analysis("gcomp_treated", smoking_births, "grams", "smoke", c("age", "pounds", "race"), "gcomp", "ATT"),
  effect_analysis("aipw", smoking_births, "grams", "smoke", birth_covariates, "aipw"),
  effect_analysis("aipw_treated", smoking_births, "grams", "smoke", birth_covariates, "aipw", "ATT"),
  effect_analysis("tmle", smoking_births, "grams", "smoke", birth_covariates, "tmle"),
  effect_analysis("risk_ipw", smoking_births, "low", "smoke", birth_covariates),
  effect_analysis("risk_gcomp", smoking_births, "low", "smoke", birth_covariates, "gcomp"),
  effect_analysis("risk_aipw", smoking_births, "low", "smoke", birth_covariates, "aipw"),
  effect_analysis("risk_tmle", smoking_births, "low", "smoke", birth_covariates, "tmle"),
  effect_analysis("risk_trimmed", smoking_births, "low", "smoke", c("age", "race"), "aipw", trim = 0.25),
  effect_analysis("risk_difference_linear", smoking_births, "low", "smoke", c("age", "race"), "gcomp", family = "gaussian"),
  effect_analysis("unadjusted", smoking_births, "low", "smoke", character())))

# Three drug_effect, missing values, a spline, a collinear column, columns of very different scales.
set.seed(20260113)
n <- 600
cohort <- data.frame(age = round(rnorm(n, 50, 12)), crp = exp(rnorm(n, 1, 1)) * 1e-6, sex = sample(c("F", "M"), n, TRUE),
                     height = round(rnorm(n, 1e5, 60)))
cohort$twice <- 2 * cohort$age + 1
log_odds <- cbind(0, 0.4 * (cohort$age - 50) / 12 - 0.3, 0.3 * log(cohort$crp * 1e6) - 0.4 * (cohort$sex == "M"))
drawn <- apply(exp(log_odds) / rowSums(exp(log_odds)), 1, function(e) sample(3, 1, prob = e))
cohort$drug <- c("TNF", "IL6", "JAK")[drawn]
cohort$das28 <- 4 - 0.5 * (drawn == 2) - 0.8 * (drawn == 3) + 0.02 * (cohort$age - 50) + 0.2 * (cohort$sex == "M") + rnorm(n)
cohort$remission <- ifelse(cohort$das28 < 3.2, "yes", "no")
cohort$age[seq(17, n, 53)] <- NA
cohort$drug[c(5, 99)] <- NA
cohort$das28[c(11, 400)] <- NA
cohort <- with_sites(cohort, in_blocks(n, 3))
cohort$drug <- factor(cohort$drug, c("TNF", "IL6", "JAK"))
drug_effect <- function(name, outcome, birth_covariates, ...) effect_analysis(name, cohort, outcome, "drug", birth_covariates, ...)
golden_case("effect_three_drugs", cohort, empty = "s9", from = "simulated, set.seed(20260113)", notes = effect_notes, analyses = list(
  drug_effect("ipw", "das28", c("age", "log(crp)", "sex")),
  drug_effect("treated", "das28", c("age", "log(crp)", "sex"), "ipw", "ATT", treated = "JAK"),
  drug_effect("overlap", "das28", c("age", "crp", "sex", "site"), "overlap"),
  drug_effect("collinear", "das28", c("age", "twice", "height", "sex"), "aipw"),
  drug_effect("interaction", "remission", c("age * sex", "height"), "gcomp"),
  drug_effect("aipw", "remission", c("age", "I(age^2)", "sex"), "aipw"),
  drug_effect("aipw_treated", "remission", c("age", "sex"), "aipw", "ATT", treated = "IL6"),
  drug_effect("tmle", "remission", c("age", "log(crp)", "sex"), "tmle"),
  drug_effect("tmle_linear", "das28", c("age", "log(crp)", "sex"), "tmle", trim = 0.1)))

infertility <- with_sites(transform(infert, induced = ifelse(induced > 0, "some", "none")), by_turn(nrow(infert), 5))
infertility <- infertility[c("case", "induced", "age", "parity", "education", "spontaneous", "site")]
golden_case("effect_infert", infertility, from = "datasets::infert", notes = effect_notes, analyses = list(
  effect_analysis("ipw", infertility, "case", "induced", c("age", "parity", "factor(spontaneous)")),
  effect_analysis("overlap", infertility, "case", "induced", c("age", "poly(parity, 2, raw = TRUE)", "education"), "overlap"),
  effect_analysis("gcomp", infertility, "case", "induced", c("age", "parity"), "gcomp"),
  effect_analysis("aipw", infertility, "case", "induced", c("age", "parity"), "aipw"),
  effect_analysis("tmle", infertility, "case", "induced", c("age", "parity"), "tmle")))

# Three arms of one hospital's mothers.
mothers <- function(name, outcome, ...) effect_analysis(name, smoking_births, outcome, "race", c("age", "pounds", "smoke"), ...)
golden_case("effect_births_race", smoking_births, from = "MASS::birthwt", notes = effect_notes, analyses = list(
  mothers("ipw", "grams"), mothers("treated", "low", "ipw", "ATT", treated = "black"), mothers("overlap", "grams", "overlap"),
  mothers("gcomp", "low", "gcomp"), mothers("aipw", "grams", "aipw"), mothers("tmle", "low", "tmle")))
