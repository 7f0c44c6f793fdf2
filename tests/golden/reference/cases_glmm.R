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

weighted_wheeze <- wheeze
weighted_wheeze$w <- 1 + (seq_len(nrow(wheeze)) * 7) %% 3
weighted_seizures <- seizures
weighted_seizures$w <- 1 + (seq_len(nrow(seizures)) * 5) %% 3
golden_case("mixed_binomial_weights", weighted_wheeze, from = "geepack::ohio", notes = glmm_notes, analyses = list(
  glmm_analysis("laplace", "resp ~ age + smoke + (1 | id)", weighted_wheeze, "binomial", 1, weights = "w")))
golden_case("mixed_poisson_weights", weighted_seizures, from = "MASS::epil", notes = glmm_notes, analyses = list(
  glmm_analysis("nodes_9", "y ~ trt + age + (1 | subject)", weighted_seizures, "poisson", 9, weights = "w"),
  glmm_analysis("laplace", "y ~ trt + age + (1 | subject)", weighted_seizures, "poisson", 1, weights = "w")))

# Courses that differ: a drawn study of flares and visits, missing values, clusters of one row.
set.seed(20261126)
courses <- data.frame(id = rep(1:90, times = rep(c(1, 5, 6, 8, 10), 18)))
courses$month <- round(runif(nrow(courses), 0, 12), 1)
courses$arm <- factor(ifelse(courses$id %% 2 == 0, "drug", "none"))
level <- rnorm(90)
slope <- 0.3 * level + 0.25 * rnorm(90)
lean <- -0.4 + 0.6 * (courses$arm == "drug") + level[courses$id] + (0.1 + 0.5 * slope[courses$id]) * (courses$month - 6)
courses$flare <- rbinom(nrow(courses), 1, plogis(lean))
courses$visits <- rpois(nrow(courses), exp(0.5 + lean / 3))
courses$w <- 1 + (seq_len(nrow(courses)) * 5) %% 3
courses$flare[c(7, 200)] <- NA
courses <- with_sites(courses, site_names(4)[courses$id %% 4 + 1])
golden_case("mixed_glmm_slopes", courses, from = "drawn, seed 20261126", notes = glmm_notes, empty = "s9",
  tolerances = list(p_value = 1e-8), because = small_p, analyses = list(
  glmm_slopes_analysis("flares", "flare ~ month + arm + (month | id)", courses, "binomial"),
  glmm_slopes_analysis("visits", "visits ~ month * arm + (month | id)", courses, "poisson"),
  glmm_slopes_analysis("weights", "visits ~ month + (month | id)", courses, "poisson", weights = "w"),
  glmm_slopes_analysis("slope_alone", "visits ~ month + arm + (0 + month | id)", courses, "poisson")))
