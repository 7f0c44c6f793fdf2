# SPDX-License-Identifier: Apache-2.0
# Generalised linear mixed models with groups within groups, of which lme4 has Laplace's approximation alone.

nested_notes <- c("both integrals by the trapezoidal rule (fit_glmm.R); lme4's Laplace is near",
  "log_lik and errors are of the integral itself")
nested_tolerances <- list(p_value = 1e-6, statistic = 1e-7, std_error = 1e-7, conf_low = 1e-7, conf_high = 1e-7)
nested_because <- "errors in R are from differences of the gradient (numDeriv::jacobian), which are good to some 1e-8; p_value by the square of the statistic more"
set.seed(20261127)
wards <- data.frame(patient = rep(1:40, times = rep(c(1, 3, 4, 5, 6, 8), length.out = 40)))
wards$ward <- paste0("w", c(rep(1, 3), rep(2, 5), rep(3:6, length.out = 32)))[wards$patient]
wards$age <- round(rnorm(nrow(wards), 60, 9))
wards$drug <- ifelse(wards$patient %% 2 == 0, "new", "old")
lean <- -0.3 + 0.03 * (wards$age - 60) + 0.7 * (wards$drug == "new") + 1.1 * rnorm(40)[wards$patient] + c(-1.4, 0.9, 1.6, -0.3, -1.1, 0.5)[as.integer(factor(wards$ward))]
wards$flare <- rbinom(nrow(wards), 1, plogis(lean))
wards$tries <- 1 + wards$patient %% 4
wards$hits <- rbinom(nrow(wards), wards$tries, plogis(lean))
wards$misses <- wards$tries - wards$hits
wards$visits <- rpois(nrow(wards), exp(0.4 + lean / 2))
wards$years <- 0.5 + (seq_len(nrow(wards)) %% 4) / 2
wards$flare[c(4, 90)] <- NA
wards <- with_sites(wards, site_names(3)[as.integer(factor(wards$ward)) %% 3 + 1])
golden_case("mixed_nested_wards", wards, from = "drawn, seed 20261127", notes = nested_notes, tolerances = nested_tolerances, because = nested_because, analyses = list(
  nested_glmm_analysis("flares", "flare ~ age + drug + (1 | ward/patient)", wards, "binomial"),
  nested_glmm_analysis("shares", "cbind(hits, misses) ~ drug + (1 | ward/patient)", wards, "binomial"),
  nested_glmm_analysis("visits", "visits ~ age + drug + offset(log(years)) + (1 | ward/patient)", wards, "poisson")))

ward_centres <- wards[setdiff(names(wards), "site")]
ward_centres <- with_sites(ward_centres, sub("w", "c", ward_centres$ward))  # one of three patients, one of five
golden_case("mixed_nested_sites", ward_centres, from = "drawn, seed 20261127", notes = nested_notes, tolerances = nested_tolerances, because = nested_because, analyses = list(
  nested_glmm_analysis("slash", "flare ~ drug + (1 | site/patient)", ward_centres, "binomial"),
  nested_glmm_analysis("plus", "visits ~ drug + (1 | site) + (1 | patient)", ward_centres, "poisson", "visits ~ drug + (1 | patient) + (1 | site)")))
