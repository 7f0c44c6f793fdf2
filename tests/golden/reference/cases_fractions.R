# SPDX-License-Identifier: Apache-2.0
# Outcomes of a count's or a proportion's family that are no whole numbers: R warns, and so must the program.

says <- function(analysis, text) {
  analysis$expected$warnings_contain <- text
  analysis
}
set.seed(314)
n <- 120
parts <- data.frame(x = round(rnorm(n), 2), arm = sample(c("a", "b"), n, TRUE), dose = rpois(n, 3) + 0.5 * (runif(n) < 0.1))
parts$visits <- rnbinom(n, size = 1.2, mu = exp(1 + 0.3 * parts$x)) + ifelse(seq_len(n) %% 30 == 0, 0.5, 0)
parts$trials <- sample(4:9, n, TRUE)
parts$share <- round(rbinom(n, parts$trials, plogis(0.3 * parts$x)) / parts$trials + ifelse(seq_len(n) == 7, 0.05, 0), 3)
parts$hits <- rbinom(n, parts$trials, plogis(0.3 * parts$x)) + 0.25 * (seq_len(n) %% 40 == 0)
parts$misses <- parts$trials - floor(parts$hits)
parts$weight <- ifelse(seq_len(n) %% 3 == 0, 1.5, 1)
parts$event <- rbinom(n, 1, plogis(0.5 * parts$x))
parts <- with_sites(parts, c("s1", rep("s2", 3), rep("s3", 5), rep("s4", n - 9)))
golden_case("fractions_counts", parts, from = "drawn with seed 314", analyses = list(
  says(glm_analysis("poisson", "dose ~ x + arm", parts, "poisson"), "not a whole number"),
  says(glm_analysis("identity", "dose ~ x + arm", parts, "poisson", link = "identity"), "not a whole number"),
  glm_analysis("quasi", "dose ~ x + arm", parts, "quasipoisson"),
  says(nb_analysis("negative_binomial", "visits ~ x + arm", parts), "not a whole number")))
golden_case("fractions_proportions", parts, from = "drawn with seed 314", analyses = list(
  says(glm_analysis("share", "share ~ x", parts, "binomial", weights = "trials"), "not whole numbers"),
  says(glm_analysis("counts", "cbind(hits, misses) ~ x + arm", parts, "binomial"), "not whole numbers"),
  says(glm_analysis("weighted", "event ~ x", parts, "binomial", weights = "weight"), "not whole numbers"),
  says(glm_analysis("probit", "event ~ x", parts, "binomial", link = "probit", weights = "weight"), "not whole numbers"),
  glm_analysis("quasi", "share ~ x", parts, "quasibinomial", weights = "trials")))
