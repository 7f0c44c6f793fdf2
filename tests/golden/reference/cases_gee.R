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

seizure_periods <- with_sites(MASS::epil[c("y", "trt", "base", "age", "period", "subject")], site_names(3)[MASS::epil$subject %% 3 + 1])
golden_case("gee_epil", seizure_periods, from = "MASS::epil", notes = gee_notes, analyses = list(
  gee_analysis("exchangeable", "y ~ trt * base + age", seizure_periods, "subject", "exchangeable", "poisson"),
  gee_analysis("ar1", "y ~ trt + base + age", seizure_periods, "subject", "ar1", "poisson", time = "period"),
  gee_analysis("independence", "y ~ trt + offset(log(base))", seizure_periods, "subject", "independence", "poisson")))

golden_case("gee_chicks", growth, from = "datasets::ChickWeight", notes = gee_notes, analyses = list(
  gee_analysis("poisson", "weight ~ day + diet", growth, "chick", "exchangeable", "poisson"),
  gee_analysis("gamma", "weight ~ day + diet", growth, "chick", "ar1", "Gamma", link = "log", time = "day", lag = "order")))

# Gaps in time, clusters of one row, rows out of order, missing values, an outcome far from zero, negative correlation.
set.seed(20240612)
gee_visits <- data.frame(id = rep(1:80, times = rep(c(1, 2, 4, 5, 8), 16)))
gee_visits$day <- ave(gee_visits$id, gee_visits$id, FUN = function(i) cumsum(sample(1:3, length(i), TRUE)))
gee_visits$crp <- 100 + 10 * rexp(nrow(gee_visits))
gee_visits$arm <- factor(sample(c("drug", "none"), 80, TRUE)[gee_visits$id])
gee_visits$score <- 1e4 + 0.2 * gee_visits$crp + 0.3 * gee_visits$day + rnorm(80)[gee_visits$id] + rnorm(nrow(gee_visits))
gee_visits$flare <- rbinom(nrow(gee_visits), 1, plogis(-0.5 + (gee_visits$arm == "drug") + rnorm(80)[gee_visits$id]))
gee_visits$turn <- 5 + (-1)^gee_visits$day + 0.3 * rnorm(nrow(gee_visits))
gee_visits$score[c(7, 70)] <- NA
gee_visits$day[33] <- NA
gee_visits <- with_sites(gee_visits, site_names(3)[gee_visits$id %% 3 + 1])[sample(nrow(gee_visits)), ]
golden_case("gee_awkward", gee_visits, from = "drawn, seed 20240612", notes = gee_notes, empty = "s7",
  tolerances = list(p_value = 1e-8), because = small_p, analyses = list(
  gee_analysis("ar1", "score ~ crp + day + arm", gee_visits, "id", "ar1", time = "day"),
  gee_analysis("ar1_order", "score ~ crp + arm", gee_visits, "id", "ar1", time = "day", lag = "order"),
  gee_analysis("ar1_binomial", "flare ~ arm + day", gee_visits, "id", "ar1", "binomial", time = "day"),
  gee_analysis("ar1_negative", "turn ~ arm", gee_visits, "id", "ar1", time = "day"),
  gee_analysis("exchangeable", "flare ~ arm * crp", gee_visits, "id", "exchangeable", "binomial"),
  gee_analysis("site", "score ~ crp + arm", gee_visits, "site", "independence")))

# Correlations near their limits: -1 / (m - 1) of exchangeable, -1 and 1 of ar1.
set.seed(20240613)
pairs_near <- function(spread, n = 40) {
  data.frame(id = rep(seq_len(n), each = 2), turn = rep(1:2, n), x = rnorm(2 * n), y = rep(rnorm(n), each = 2) * c(1, -1) + spread * rnorm(2 * n))
}
triples_near <- function(spread, n = 40) {
  e <- matrix(rnorm(3 * n), 3)
  data.frame(id = 1000 + rep(seq_len(n), each = 3), turn = rep(1:3, n), x = rnorm(3 * n), y = as.vector(sweep(e, 2, colMeans(e))) + spread * rnorm(3 * n))
}
courses_near <- function(rho, n = 40, m = 4) {
  step <- function(i) Reduce(function(before, draw) rho * before + sqrt(1 - rho^2) * draw, rnorm(m), accumulate = TRUE)
  data.frame(id = rep(seq_len(n), each = m), turn = rep(seq_len(m), n), x = rnorm(n * m), y = as.vector(sapply(seq_len(n), step)))
}
near <- function(data) with_sites(transform(data, y = 1 + 0.5 * x + y), site_names(3)[data$id %% 3 + 1])
no_numbers <- function(name, data, correlation, time = NULL) {
  study <- list(name = name, method = "gee", formula = "y ~ x", family = "gaussian", id = "id", correlation = correlation)
  if (!is.null(time)) study$time <- time
  list(study = study, expected = list(method = "gee", converged = FALSE, alpha = NA, scale = NA, warnings_contain = "not positive definite"))
}
for (edge in list(
  list("pairs", near(pairs_near(0.1)), "exchangeable", NULL), list("pairs_nearer", near(pairs_near(1e-3)), "exchangeable", NULL),
  list("triples", near(triples_near(1e-2)), "exchangeable", NULL), list("sizes", near(rbind(pairs_near(1), triples_near(0.5))), "exchangeable", NULL),
  list("course", near(courses_near(0.9999)), "ar1", "turn"), list("course_back", near(courses_near(-0.9999)), "ar1", "turn"))) {
  golden_case(paste0("gee_edge_", edge[[1]]), edge[[2]], from = "drawn, seed 20240613", notes = gee_notes, tolerances = list(p_value = 1e-8), because = small_p, analyses = list(
    gee_analysis("near", "y ~ x", edge[[2]], "id", edge[[3]], time = edge[[4]])))
}
for (edge in list(
  list("pairs", near(pairs_near(0)), "exchangeable", NULL), list("sizes", near(rbind(pairs_near(0.1), triples_near(0.1))), "exchangeable", NULL),
  list("course", near(courses_near(1)), "ar1", "turn"), list("course_back", near(courses_near(-1)), "ar1", "turn"))) {
  golden_case(paste0("gee_beyond_", edge[[1]]), edge[[2]], from = "drawn, seed 20240613", analyses = list(no_numbers("beyond", edge[[2]], edge[[3]], edge[[4]])),
    notes = "geepack gives numbers for working correlations that are not positive definite; the program says why it does not")
}
