# SPDX-License-Identifier: Apache-2.0
# What random awkward tables showed: links under which Fisher's scoring crawls, weights beside counts, terms and variables
# that say the same, R functions within formulas, rates of zero.

set.seed(20261126)
n <- 30
doses <- data.frame(dose = round(rexp(n, 0.5), 2) + 0.1, age = round(rnorm(n, 3, 1.3), 3), time = round(runif(n, 1, 9), 1),
                    drug = factor(sample(c("IL6", "JAK", "TNF"), n, TRUE)), weight = sample(c(0, 0.5, 1, 2), n, TRUE))
linear <- 0.3 * doses$age - 0.2 * doses$dose + 0.5 * (doses$drug == "JAK")
doses$level <- round(rgamma(n, 2, 2 / exp(linear)), 4) + 1e-4
doses$response <- rbinom(n, 1, plogis(linear - 0.5))
doses$visits <- rpois(n, exp(linear))
doses$seen <- rpois(n, 2)
doses$better <- rbinom(n, doses$seen, plogis(linear - 1))
doses$worse <- doses$seen - doses$better
doses <- with_sites(doses, by_turn(n, 4))
golden_case("glm_slow_scoring", doses, from = "simulated, seed 20261126",
  notes = "Fisher's scoring, which glm() uses, gains less than a digit a step under some of these links", analyses = list(
  glm_analysis("log_of_mean", "level ~ dose + drug", doses, "gaussian", link = "log"),
  glm_analysis("log_of_mean_weights", "level ~ drug/dose", doses, "gaussian", link = "log", weights = "weight"),
  glm_analysis("inverse_robust", "level ~ dose + age", doses, "gaussian", link = "inverse", robust = "HC1"),
  glm_analysis("log_gamma", "level ~ dose * age", doses, "Gamma", link = "log", robust = "HC0"),
  glm_analysis("cauchit", "response ~ age", doses, "binomial", link = "cauchit"),
  glm_analysis("cloglog", "response ~ age + dose", doses, "binomial", link = "cloglog", robust = "HC0"),
  glm_analysis("probit_counts", "cbind(better, worse) ~ dose + drug", doses, "quasibinomial", link = "probit"),
  glm_analysis("root", "visits ~ age + dose", doses, "poisson", link = "sqrt")))

golden_case("glm_counts_weights", doses, from = "simulated, seed 20261126",
  notes = "case weights beside cbind(): log_lik takes the trials as the binomial's size, also where there is one", analyses = list(
  glm_analysis("weighted", "cbind(better, worse) ~ dose + age", doses, "binomial", weights = "weight"),
  glm_analysis("weighted_probit", "cbind(better, worse) ~ drug", doses, "binomial", link = "probit", weights = "weight")))

golden_case("glm_no_intercept", doses, from = "simulated, seed 20261126",
  notes = "without an intercept the null model's mean is 1 / 0 or 0 under some links: null_deviance is null", analyses = list(
  glm_analysis("gamma", "level ~ 0 + drug + dose", doses, "Gamma"), glm_analysis("inverse", "level ~ dose - 1", doses, "gaussian", link = "inverse"),
  glm_analysis("gamma_log", "level ~ 0 + drug", doses, "Gamma", link = "log", robust = "HC1"),
  glm_analysis("identity", "visits ~ age - 1", doses, "poisson", link = "identity"),
  glm_analysis("root", "visits ~ 0 + drug + age", doses, "poisson", link = "sqrt"),
  glm_analysis("gamma_identity", "level ~ age - 1", doses, "Gamma", link = "identity")))

golden_case("formula_functions", doses, from = "simulated, seed 20261126", analyses = list(
  glm_analysis("bases", "level ~ log(dose, 2) + log(age, base = 10) + log(time, 3)", doses),
  glm_analysis("bounds", "level ~ pmin(age, 3) + pmax(dose, 1, time / 9)", doses),
  glm_analysis("whole", "level ~ floor(age) + ceiling(dose) + trunc(time) + round(dose)", doses),
  glm_analysis("numbers", "level ~ as.numeric(age > 3) + as.integer(time) + as.numeric(dose) * drug", doses)))

same <- data.frame(score = doses$age, ward = ifelse(doses$drug == "IL6", "w1", "w2"), drug = doses$drug, dose = doses$dose)
same <- with_sites(same, by_turn(n, 3))
golden_case("anova_aliased", same, from = "simulated, seed 20261126",
  notes = "ward is a function of drug: after drug it has no degree of freedom, and drug has one less after it", analyses = list(
  terms_anova_analysis("ward_first", same, "score ~ ward + drug + dose"), terms_anova_analysis("drug_first", same, "score ~ dose + drug + ward"),
  terms_anova_analysis("crossed", same, "score ~ ward * drug + dose")))

sums <- data.frame(a = doses$dose, b = doses$age, total = doses$dose + doses$age, c = doses$time)
sums <- with_sites(sums, by_turn(n, 3))
golden_case("pca_collinear", sums, from = "simulated, seed 20261126", notes = "total = a + b", analyses = lapply(c(TRUE, FALSE), function(scale) {
  analysis <- pca_analysis(if (scale) "scaled" else "plain", sums, c("a", "b", "total", "c"), scale = scale, components = 3)
  analysis$expected$warnings_contain <- "only the first 3"
  analysis
}))

quiet <- doses
quiet$visits[quiet$drug == "TNF"] <- 0
golden_case("awkward_no_events", quiet, from = "simulated, seed 20261126",
  notes = "nobody on TNF has a visit: glm() says converged with a rate of about 1e-9", analyses = lapply(
  c("poisson", "quasipoisson"), function(family) list(
    study = list(name = family, method = "glm", formula = "visits ~ drug", family = family),
    expected = list(method = "glm", converged = FALSE, warnings_contain = "no event"))))
