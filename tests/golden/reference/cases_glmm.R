# SPDX-License-Identifier: Apache-2.0
# Generalised linear mixed models against lme4.

glmm_notes <- c(paste("lme4", packageVersion("lme4"), "polished with exact derivatives of the same quadrature"),
  "log_lik is that of the outcomes; lme4 leaves out a constant where nAGQ > 1",
  "std_error from the whole Hessian; lme4's, by finite differences, agree to about 1e-4")

herds <- with_sites(data.frame(cases = cbpp$incidence, free = cbpp$size - cbpp$incidence, period = cbpp$period,
  herd = as.integer(cbpp$herd)), site_names(3)[as.integer(cbpp$herd) %% 3 + 1])
golden_case("mixed_binomial_herds", herds, from = "lme4::cbpp", notes = glmm_notes, analyses = list(
  glmm_analysis("nodes_25", "cbind(cases, free) ~ period + (1 | herd)", herds, "binomial"),
  glmm_analysis("nodes_9", "cbind(cases, free) ~ period + (1 | herd)", herds, "binomial", 9),
  glmm_analysis("laplace", "cbind(cases, free) ~ period + (1 | herd)", herds, "binomial", 1)))

golden_case("mixed_binomial_wheeze", wheeze, from = "geepack::ohio", notes = glmm_notes, analyses = list(
  glmm_analysis("nodes_25", "resp ~ age + smoke + (1 | id)", wheeze, "binomial"),
  glmm_analysis("laplace", "resp ~ age + smoke + (1 | id)", wheeze, "binomial", 1)))

golden_case("mixed_poisson_epil", seizures, from = "MASS::epil", notes = glmm_notes, analyses = list(
  glmm_analysis("nodes_25", "y ~ trt + age + period + (1 | subject)", seizures, "poisson"),
  glmm_analysis("laplace", "y ~ trt + offset(log(base)) + (1 | subject)", seizures, "poisson", 1),
  glmm_analysis("site", "y ~ trt + log(base) + age + (1 | site)", with_sites(seizures[names(seizures) != "site"],
    site_names(3)[MASS::epil$subject %% 3 + 1]), "poisson")))
