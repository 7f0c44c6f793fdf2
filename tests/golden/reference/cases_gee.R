# SPDX-License-Identifier: Apache-2.0
# Generalised estimating equations against geepack. Clusters lie within sites.

gee_notes <- c(paste("geepack", packageVersion("geepack"), "with epsilon = 1e-15"),
  "statistic is the Wald chi-square, as summary() and broom give it; errors are san.se")

data(ohio, package = "geepack")
wheeze <- with_sites(ohio, site_names(3)[ohio$id %% 3 + 1])
golden_case("gee_ohio", wheeze, from = "geepack::ohio", notes = gee_notes, analyses = list(
  gee_analysis("independence", "resp ~ age * smoke", wheeze, "id", "independence", "binomial"),
  gee_analysis("exchangeable", "resp ~ age + smoke", wheeze, "id", "exchangeable", "binomial"),
  gee_analysis("ar1", "resp ~ age + smoke", wheeze, "id", "ar1", "binomial", time = "age"),
  gee_analysis("probit", "resp ~ smoke", wheeze, "id", "exchangeable", "binomial", link = "probit")))

data(dietox, package = "geepack")
pigs <- data.frame(weight = dietox$Weight, week = dietox$Time, copper = factor(dietox$Cu), feed = dietox$Feed, pig = as.integer(factor(dietox$Pig)))
pigs <- with_sites(pigs, site_names(4)[pigs$pig %% 4 + 1])
golden_case("gee_dietox", pigs, from = "geepack::dietox", notes = gee_notes, analyses = list(
  gee_analysis("independence", "weight ~ week + copper", pigs, "pig", "independence"),
  gee_analysis("exchangeable", "weight ~ week + copper", pigs, "pig", "exchangeable"),
  gee_analysis("ar1", "weight ~ week + copper", pigs, "pig", "ar1", time = "week"),
  gee_analysis("feed", "weight ~ feed + copper", pigs, "pig", "exchangeable"),
  gee_analysis("log", "weight ~ week + copper", pigs, "pig", "exchangeable", "Gamma", link = "log")))

seizures <- with_sites(MASS::epil[c("y", "trt", "base", "age", "period", "subject")], site_names(3)[MASS::epil$subject %% 3 + 1])
golden_case("gee_epil", seizures, from = "MASS::epil", notes = gee_notes, analyses = list(
  gee_analysis("exchangeable", "y ~ trt * base + age", seizures, "subject", "exchangeable", "poisson"),
  gee_analysis("ar1", "y ~ trt + base + age", seizures, "subject", "ar1", "poisson", time = "period"),
  gee_analysis("independence", "y ~ trt + offset(log(base))", seizures, "subject", "independence", "poisson")))

# Gaps in time, clusters of one row, rows out of order, missing values, an outcome far from zero, negative correlation.
set.seed(20240612)
visits <- data.frame(id = rep(1:80, times = rep(c(1, 2, 4, 5, 8), 16)))
visits$day <- ave(visits$id, visits$id, FUN = function(i) cumsum(sample(1:3, length(i), TRUE)))
visits$crp <- 100 + 10 * rexp(nrow(visits))
visits$arm <- factor(sample(c("drug", "none"), 80, TRUE)[visits$id])
visits$score <- 1e4 + 0.2 * visits$crp + 0.3 * visits$day + rnorm(80)[visits$id] + rnorm(nrow(visits))
visits$flare <- rbinom(nrow(visits), 1, plogis(-0.5 + (visits$arm == "drug") + rnorm(80)[visits$id]))
visits$turn <- 5 + (-1)^visits$day + 0.3 * rnorm(nrow(visits))
visits$score[c(7, 70)] <- NA
visits$day[33] <- NA
visits <- with_sites(visits, site_names(3)[visits$id %% 3 + 1])[sample(nrow(visits)), ]
golden_case("gee_awkward", visits, from = "drawn, seed 20240612", notes = gee_notes, empty = "s7",
  tolerances = list(p_value = 1e-8), analyses = list(
  gee_analysis("ar1", "score ~ crp + day + arm", visits, "id", "ar1", time = "day"),
  gee_analysis("ar1_order", "score ~ crp + arm", visits, "id", "ar1", time = "day", lag = "order"),
  gee_analysis("ar1_binomial", "flare ~ arm + day", visits, "id", "ar1", "binomial", time = "day"),
  gee_analysis("ar1_negative", "turn ~ arm", visits, "id", "ar1", time = "day"),
  gee_analysis("exchangeable", "flare ~ arm * crp", visits, "id", "exchangeable", "binomial"),
  gee_analysis("site", "score ~ crp + arm", visits, "site", "independence")))
