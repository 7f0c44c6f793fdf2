# SPDX-License-Identifier: Apache-2.0
# Treatment effects by all estimators, as M-estimators in R (fit_effect.R).

effect_notes <- c("all estimating equations stacked, derivatives by complex step; propensity multinomial logit, one outcome model per arm",
                  "trim leaves out persons with a propensity below it, without fitting the propensity again",
                  "smd: difference of (weighted) means over sqrt of the mean of the two unweighted variances")

births <- MASS::birthwt
births <- data.frame(grams = births$bwt, low = births$low, smoke = births$smoke, age = births$age, pounds = births$lwt,
                     race = factor(births$race, labels = c("white", "black", "other")), hypertension = births$ht, irritable = births$ui)
births <- with_sites(births, in_blocks(nrow(births), 4))
birth_covariates <- c("age", "pounds", "race", "hypertension", "irritable")
golden_case("effect_births", births, from = "MASS::birthwt", notes = effect_notes, analyses = list(
  effect_analysis("ipw", births, "grams", "smoke", birth_covariates),
  effect_analysis("ipw_treated", births, "grams", "smoke", birth_covariates, "ipw", "ATT", conf_level = 0.9),
  effect_analysis("ipw_trimmed", births, "grams", "smoke", birth_covariates, "ipw", trim = 0.2),
  effect_analysis("overlap", births, "grams", "smoke", birth_covariates, "overlap"),
  effect_analysis("gcomp", births, "grams", "smoke", c("age", "pounds", "race"), "gcomp"),
  effect_analysis("gcomp_treated", births, "grams", "smoke", c("age", "pounds", "race"), "gcomp", "ATT"),
  effect_analysis("aipw", births, "grams", "smoke", birth_covariates, "aipw"),
  effect_analysis("aipw_treated", births, "grams", "smoke", birth_covariates, "aipw", "ATT"),
  effect_analysis("tmle", births, "grams", "smoke", birth_covariates, "tmle"),
  effect_analysis("risk_ipw", births, "low", "smoke", birth_covariates),
  effect_analysis("risk_gcomp", births, "low", "smoke", birth_covariates, "gcomp"),
  effect_analysis("risk_aipw", births, "low", "smoke", birth_covariates, "aipw"),
  effect_analysis("risk_tmle", births, "low", "smoke", birth_covariates, "tmle"),
  effect_analysis("risk_trimmed", births, "low", "smoke", c("age", "race"), "aipw", trim = 0.25),
  effect_analysis("risk_difference_linear", births, "low", "smoke", c("age", "race"), "gcomp", family = "gaussian"),
  effect_analysis("unadjusted", births, "low", "smoke", character())))

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
mothers <- function(name, outcome, ...) effect_analysis(name, births, outcome, "race", c("age", "pounds", "smoke"), ...)
golden_case("effect_births_race", births, from = "MASS::birthwt", notes = effect_notes, analyses = list(
  mothers("ipw", "grams"), mothers("treated", "low", "ipw", "ATT", treated = "black"), mothers("overlap", "grams", "overlap"),
  mothers("gcomp", "low", "gcomp"), mothers("aipw", "grams", "aipw"), mothers("tmle", "low", "tmle")))
