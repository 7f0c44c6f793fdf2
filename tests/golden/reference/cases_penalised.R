# SPDX-License-Identifier: Apache-2.0
# Negative binomial counts, Firth's and ridge regression, on usual and on awkward data.

nb_notes <- paste("MASS", packageVersion("MASS"), "glm.nb, driven to the maximum of coefficients and theta together")
absence <- with_sites(data.frame(days = quine$Days, eth = quine$Eth, sex = quine$Sex, age = quine$Age, lrn = quine$Lrn),
                      by_turn(nrow(quine), 4))
golden_case("nb_quine", absence, from = "MASS::quine", notes = nb_notes, analyses = list(
  nb_analysis("main", "days ~ eth + sex + age + lrn", absence),
  nb_analysis("collinear", "days ~ eth * age + sex + age:lrn", absence),
  nb_analysis("sqrt_link", "days ~ eth + sex", absence, link = "sqrt"),
  nb_analysis("identity_link", "days ~ eth + sex", absence, link = "identity"),
  nb_analysis("robust", "days ~ eth + sex + age", absence, robust = "HC0"),
  nb_analysis("mean_only", "days ~ 1", absence, conf_level = 0.9)))

seizures <- with_sites(data.frame(y = epil$y, trt = epil$trt, base = epil$base, age = epil$age, v4 = epil$V4,
                                  weeks = 2 + (seq_len(nrow(epil)) %% 3) / 2), in_blocks(nrow(epil), 3))
golden_case("nb_epilepsy", seizures, from = "MASS::epil; weeks made up", notes = nb_notes, analyses = list(
  nb_analysis("base", "y ~ log(base) + trt + log(age) + v4", seizures),
  nb_analysis("offset", "y ~ log(base) * trt + offset(log(weeks))", seizures),
  nb_analysis("weighted", "y ~ trt + age", seizures, weights = "weeks")))

awkward_counts <- spread
set.seed(20260110)
awkward_counts$visits <- rnbinom(n, mu = exp(0.5 + 0.3 * (spread$drug == "TNF") + 0.01 * spread$age), size = 1.3)
awkward_counts$molar <- awkward_counts$crp * 1e-12
awkward_counts$cells <- awkward_counts$age * 1e12 + 3e11
awkward_counts$large <- rnbinom(n, mu = exp(6 + 0.3 * (spread$drug == "TNF") + 0.02 * spread$age), size = 2.2)
awkward_counts$level <- factor(ifelse(awkward_counts$site == "s1" & seq_len(n) < 30, "RTX", as.character(awkward_counts$drug)))
awkward_counts$gap <- ifelse(awkward_counts$site == "s2", NA, awkward_counts$age)
awkward_counts$twice <- 2 * awkward_counts$age
poisson_like <- list(study = list(name = "under_dispersed", method = "glm", formula = "even ~ age", family = "negative_binomial"),
                     expected = list(method = "glm", converged = FALSE, warnings_contain = "theta is infinite"))
awkward_counts$even <- 5 + seq_len(n) %% 2
golden_case("nb_awkward", awkward_counts, empty = c("a0", "z9"), from = "simulated, seeds 20260103 and 20260110",
  notes = c(nb_notes, "under_dispersed: glm.nb runs until its iteration limit; the maximum does not exist"), analyses = list(
  nb_analysis("scales", "visits ~ molar + cells", awkward_counts),
  nb_analysis("large_counts", "large ~ drug + age", awkward_counts),
  nb_analysis("level_at_one_site", "visits ~ level + sex", awkward_counts),
  nb_analysis("missing_at_site", "visits ~ gap + sex", awkward_counts),
  nb_analysis("weights", "visits ~ drug + age", awkward_counts, weights = "weight"),
  nb_analysis("twice", "visits ~ age + twice + drug", awkward_counts),
  poisson_like))

firth_notes <- c("H. Heinze and M. Schemper, Stat. Med. 21 (2002), written out in fit_likelihood.R; checked against brglm2's type AS_mean",
                 "std_error from the inverse information at the maximum, p_value Wald's, log_lik the penalised one, as logistf")
named_births <- with_sites(data.frame(low = birthwt$low, age = birthwt$age, lwt = birthwt$lwt, race = factor(c("white", "black", "other")[birthwt$race]),
                                smoke = birthwt$smoke, ht = birthwt$ht, ui = birthwt$ui), by_turn(nrow(birthwt), 4))
golden_case("firth_birthweight", named_births, from = "MASS::birthwt", notes = firth_notes, analyses = list(
  firth_analysis("main", "low ~ age + lwt + race + smoke + ht + ui", named_births),
  firth_analysis("one", "low ~ smoke", named_births),
  firth_analysis("crossed", "low ~ race * smoke + age", named_births)))
# G. Heinze and M. Schemper, Stat. Med. 21 (2002), table 2: no patient with NV = 1 has HG = 0.
data("endometrial", package = "brglm2")
cancer <- with_sites(data.frame(hg = endometrial$HG, nv = endometrial$NV, pi = endometrial$PI, eh = endometrial$EH), by_turn(nrow(endometrial), 3))
published <- firth_analysis("published", "hg ~ nv + pi + eh", cancer)
stopifnot(abs(vapply(published$expected$terms, `[[`, 0, "estimate") - c(3.77, 2.93, -0.03, -2.60)) < 0.006)
golden_case("firth_endometrial", cancer, from = "brglm2::endometrial", notes = firth_notes, analyses = list(published))
separated <- split_clean
separated$wins <- rep(c(0, 3, 5), length.out = n)
separated$losses <- rep(c(4, 1, 0), length.out = n)
separated$twice <- 2 * separated$age
separated$molar <- separated$marker * 1e-12
separated$cells <- separated$age * 1e12
separated$gap <- ifelse(separated$site == "s2", NA, separated$age)
golden_case("firth_separated", separated, from = "simulated, seed 20260103", empty = "a0", notes = firth_notes, analyses = list(
  firth_analysis("complete", "response ~ marker", separated),
  firth_analysis("quasi_complete", "response ~ carrier + age", separated),
  firth_analysis("grouped", "cbind(wins, losses) ~ age + drug", separated, compare = FALSE),
  firth_analysis("weights", "response ~ carrier + drug", separated, weights = "weight", compare = FALSE),
  firth_analysis("twice", "response ~ carrier + age + twice", separated, compare = FALSE),
  firth_analysis("scales", "response ~ molar + cells", separated, compare = FALSE),
  firth_analysis("missing_at_site", "response ~ gap + carrier", separated)))
toenail <- with_sites(data.frame(y = c(0, 0, 0, 0, 1, 1, 1, 1, 1), x = c(1, 2, 3, 4, 4.5, 6, 7, 8, 9), g = rep(c("a", "b", "c"), 3)), by_turn(9, 3))
golden_case("firth_nine_rows", toenail, from = "written by hand", notes = firth_notes, analyses = list(
  firth_analysis("line", "y ~ x", toenail), firth_analysis("groups", "y ~ g", toenail),
  firth_analysis("both", "y ~ x + g", toenail), firth_analysis("no_intercept", "y ~ 0 + g", toenail)))

ridge_notes <- c("minimises deviance / 2 + ridge / 2 * sum of squared coefficients on their original scale, the intercept left out",
                 "std_error: dispersion times the inverse of the penalised information; dispersion with n - p degrees of freedom")
golden_case("ridge_mtcars", cars, from = "datasets::mtcars", notes = ridge_notes, analyses = list(
  ridge_analysis("small", "mpg ~ wt + hp + disp + drat", cars, 0.01),
  ridge_analysis("large", "mpg ~ wt + hp + disp + drat", cars, 50),
  ridge_analysis("weighted", "mpg ~ wt + qsec", cars, 2, weights = "carb"),
  ridge_analysis("no_intercept", "mpg ~ 0 + wt + qsec", cars, 2),
  ridge_analysis("logistic", "vs ~ wt + hp", cars, 0.5, "binomial"),
  ridge_analysis("counts", "carb ~ wt + hp", cars, 3, "poisson"),
  ridge_analysis("gamma", "disp ~ wt + hp", cars, 0.3, "Gamma", link = "log")))
ridge_rows <- separated
golden_case("ridge_awkward", ridge_rows, from = "simulated, seed 20260103", empty = "z9",
  notes = c(ridge_notes, "collinear columns and separated outcomes have estimates under a ridge"), analyses = list(
  ridge_analysis("separated", "response ~ marker", ridge_rows, 0.1, "binomial"),
  ridge_analysis("collinear", "change ~ age + twice + drug", ridge_rows, 1),
  ridge_analysis("grouped", "cbind(wins, losses) ~ age + drug", ridge_rows, 1, "binomial"),
  ridge_analysis("missing_at_site", "change ~ gap + sex", ridge_rows, 4),
  ridge_analysis("weights", "change ~ drug + age", ridge_rows, 2, weights = "weight")))
