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

golden_case("mixed_poisson_epil", seizure_periods, from = "MASS::epil", notes = glmm_notes, analyses = list(
  glmm_analysis("nodes_25", "y ~ trt + age + period + (1 | subject)", seizure_periods, "poisson"),
  glmm_analysis("laplace", "y ~ trt + offset(log(base)) + (1 | subject)", seizure_periods, "poisson", 1),
  glmm_analysis("site", "y ~ trt + log(base) + age + (1 | site)", with_sites(seizure_periods[names(seizure_periods) != "site"],
    site_names(3)[MASS::epil$subject %% 3 + 1]), "poisson")))

weighted_wheeze <- wheeze
weighted_wheeze$w <- 1 + (seq_len(nrow(wheeze)) * 7) %% 3
weighted_seizures <- seizure_periods
weighted_seizures$w <- 1 + (seq_len(nrow(seizure_periods)) * 5) %% 3
golden_case("mixed_binomial_weights", weighted_wheeze, from = "geepack::ohio", notes = glmm_notes, analyses = list(
  glmm_analysis("laplace", "resp ~ age + smoke + (1 | id)", weighted_wheeze, "binomial", 1, weights = "w")))
golden_case("mixed_poisson_weights", weighted_seizures, from = "MASS::epil", notes = glmm_notes, analyses = list(
  glmm_analysis("nodes_9", "y ~ trt + age + (1 | subject)", weighted_seizures, "poisson", 9, weights = "w"),
  glmm_analysis("laplace", "y ~ trt + age + (1 | subject)", weighted_seizures, "poisson", 1, weights = "w")))

# Courses that differ: a drawn study of flares and visits, missing values, clusters of one row.
set.seed(20261126)
flares <- data.frame(id = rep(1:90, times = rep(c(1, 5, 6, 8, 10), 18)))
flares$month <- round(runif(nrow(flares), 0, 12), 1)
flares$arm <- factor(ifelse(flares$id %% 2 == 0, "drug", "none"))
level <- rnorm(90)
slope <- 0.3 * level + 0.25 * rnorm(90)
lean <- -0.4 + 0.6 * (flares$arm == "drug") + level[flares$id] + (0.1 + 0.5 * slope[flares$id]) * (flares$month - 6)
flares$flare <- rbinom(nrow(flares), 1, plogis(lean))
flares$visits <- rpois(nrow(flares), exp(0.5 + lean / 3))
flares$w <- 1 + (seq_len(nrow(flares)) * 5) %% 3
flares$flare[c(7, 200)] <- NA
flares <- with_sites(flares, site_names(4)[flares$id %% 4 + 1])
golden_case("mixed_glmm_slopes", flares, from = "drawn, seed 20261126", notes = glmm_notes, empty = "s9",
  tolerances = list(p_value = 1e-8), because = small_p, analyses = list(
  glmm_slopes_analysis("flares", "flare ~ month + arm + (month | id)", flares, "binomial"),
  glmm_slopes_analysis("visits", "visits ~ month * arm + (month | id)", flares, "poisson"),
  glmm_slopes_analysis("weights", "visits ~ month + (month | id)", flares, "poisson", weights = "w"),
  glmm_slopes_analysis("slope_alone", "visits ~ month + arm + (0 + month | id)", flares, "poisson")))
