# SPDX-License-Identifier: Apache-2.0
# Treatment choices: pooled in R by fit_choice.R, with the folds named in the data.

choice_notes <- c("elastic net, propensity and AIPW written out on pooled rows; folds by the column fold",
                  "the claim needs a lower bound above 0 over every single drug")

# Three drugs whose effects cross over in x, confounded by it; values missing here and there.
set.seed(20261126)
n <- 700
choice <- data.frame(x = round(rnorm(n), 4), crp = round(exp(rnorm(n, 2, 0.8)), 3), sex = sample(c("F", "M"), n, TRUE, c(0.7, 0.3)),
                     age = sample(25:85, n, TRUE), fold = sample(rep(1:5, length.out = n)))
odds <- cbind(0, 0.4 * choice$x - 0.1, 0.2 - 0.4 * choice$x + 0.2 * (choice$sex == "M"))
given <- apply(exp(odds) / rowSums(exp(odds)), 1, function(e) sample(3, 1, prob = e))
choice$drug <- c("anti-TNF", "IL-6", "JAK")[given]
eta <- cbind(0.1, -0.2 + 1.1 * choice$x, 0.1 - 0.9 * choice$x)[cbind(seq_len(n), given)] + 0.3 * (choice$sex == "F") - 0.2 * log(choice$crp / 7)
choice$low_activity <- rbinom(n, 1, plogis(eta))
choice$change <- round(1.5 * eta + rnorm(n), 4)
choice$crp[seq(19, n, 61)] <- NA
choice$drug[c(8, 303)] <- NA
choice <- with_sites(choice, in_blocks(n, 4))
of_drugs <- function(name, outcome, covariates, ...) choice_analysis(name, choice, outcome, "drug", covariates, 5, ...)
golden_case("choice_three_drugs", choice, empty = "s9", from = "simulated, set.seed(20261126)", notes = choice_notes, analyses = list(
  of_drugs("response", "low_activity", c("x", "log(crp)", "sex", "age"), guideline = c("anti-TNF", "JAK"), thresholds = c(0:20) / 100, between_sites = TRUE,
           heterogeneity = TRUE, subgroups = c("sex", "age")),
  of_drugs("sparse", "low_activity", c("x", "log(crp)", "sex"), alpha = 0.9, conf_level = 0.9, thresholds = c(0, 0.15)),
  of_drugs("ridge", "low_activity", c("x * sex", "age"), alpha = 0, ridge = 4, heterogeneity = TRUE),
  of_drugs("change", "change", c("x", "log(crp)", "sex", "age"), direction = "lower", trim = 0.15, thresholds = c(0, 0.25, 1), between_sites = TRUE,
           heterogeneity = TRUE, subgroups = c("age", "sex"))))

# Nothing to gain: two drugs, one a little better for everybody.
set.seed(77)
n <- 400
alike_drugs <- data.frame(age = round(rnorm(n, 50, 12)), score = round(rnorm(n), 3), fold = sample(rep(1:3, length.out = n)))
alike_drugs$drug <- ifelse(runif(n) < plogis(0.5 * alike_drugs$score), "new", "old")
alike_drugs$better <- rbinom(n, 1, plogis(0.2 + 0.8 * alike_drugs$score + 0.2 * (alike_drugs$drug == "new")))
alike_drugs <- with_sites(alike_drugs, by_turn(n, 3))
golden_case("choice_nothing_to_gain", alike_drugs, from = "simulated, set.seed(77)", notes = choice_notes, analyses = list(
  choice_analysis("two_drugs", alike_drugs, "better", "drug", c("age", "score"), 3, heterogeneity = TRUE, subgroups = "age")))

# Boosted trees: columns of few values, so that a cut lies between every two.
set.seed(4711)
n <- 360
grove <- data.frame(das = sample(2:12, n, TRUE) / 2, crp = sample(1:20, n, TRUE), sex = sample(c("F", "M"), n, TRUE), fold = sample(rep(1:3, length.out = n)))
grove$drug <- c("anti-TNF", "IL-6", "JAK")[1 + rbinom(n, 2, plogis((grove$das - 3) / 3))]
benefit <- ifelse(grove$drug == "JAK", 1.2 * (grove$crp > 10), ifelse(grove$drug == "IL-6", 1.5 * (grove$das > 3.5) - 0.6, 0.3))
grove$low_activity <- rbinom(n, 1, plogis(benefit - 0.3 * (grove$das - 3)))
grove$change <- round(benefit - 0.2 * grove$das + rnorm(n), 3)
grove <- with_sites(grove, by_turn(n, 3))
golden_case("choice_boosted_trees", grove, from = "simulated, set.seed(4711)", tolerances = list(intercept = 1e-8, slope = 1e-8),
            because = "trees add slopes in units of 2^-34 of the largest: the expectations that calibration takes the logit of are right to some 1e-10",
            notes = c("trees grown exactly in R, one level after another; the number of trees by folds left out", choice_notes[2]),
            analyses = list(
  choice_analysis("response", grove, "low_activity", "drug", c("das", "crp", "sex"), 3,
                  forest = list(trees = 16, depth = 2, learning_rate = 0.3), thresholds = c(0.05, 0.3), between_sites = TRUE),
  choice_analysis("change", grove, "change", "drug", c("das", "crp", "sex"), 3, direction = "lower",
                  forest = list(trees = 12, depth = 3, learning_rate = 0.2), thresholds = c(0.1, 0.4))))

folded_births <- MASS::birthwt
folded_births <- data.frame(grams = folded_births$bwt, low = folded_births$low, smoke = ifelse(folded_births$smoke == 1, "yes", "no"), age = folded_births$age,
                     pounds = folded_births$lwt, hypertension = folded_births$ht, fold = rep(1:4, length.out = nrow(folded_births)))
folded_births <- with_sites(folded_births, in_blocks(nrow(folded_births), 3))
golden_case("choice_births", folded_births, from = "MASS::birthwt", notes = choice_notes, analyses = list(
  choice_analysis("weight", folded_births, "grams", "smoke", c("age", "pounds", "hypertension"), 4),
  choice_analysis("low_weight", folded_births, "low", "smoke", c("age", "pounds"), 4, direction = "lower", thresholds = c(0, 0.02, 0.3), between_sites = TRUE,
                  heterogeneity = TRUE)))

# A policy tree: two questions tell who does well on which of three drugs, and the same on a scale where low is good.
set.seed(90210)
n <- 900
wood <- data.frame(crp = round(exp(rnorm(n, 2, 0.7)), 2), age = sample(25:80, n, TRUE), joints = sample(0:12, n, TRUE),
                   sex = sample(c("F", "M"), n, TRUE), line = sample(c("first", "second", "third"), n, TRUE, c(0.5, 0.3, 0.2)),
                   fold = sample(rep(1:4, length.out = n)))
wood$drug <- c("anti-TNF", "IL-6", "JAK")[1 + rbinom(n, 2, plogis((wood$age - 55) / 40))]
benefit <- ifelse(wood$drug == "JAK", 1.6 * (wood$crp > 9 & wood$age < 60) - 0.6, ifelse(wood$drug == "IL-6", 1.2 * (wood$crp <= 9 & wood$sex == "F") - 0.4, 0))
wood$low_activity <- rbinom(n, 1, plogis(benefit - 0.02 * (wood$age - 50) - 0.05 * wood$joints))
wood$change <- round(2 * benefit - 0.1 * wood$joints + rnorm(n), 3)
wood$crp[c(5, 77, 640)] <- NA
wood <- with_sites(wood, in_blocks(n, 4))
golden_case("choice_policy_tree", wood, from = "simulated, set.seed(90210)",
            notes = c(choice_notes, "trees by trying all of them on the persons, question by question"), analyses = list(
  choice_analysis("response", wood, "low_activity", "drug", c("log(crp)", "age", "joints", "sex", "line"), 4, guideline = "anti-TNF", policy_tree = list(bins = 8)),
  choice_analysis("change", wood, "change", "drug", c("crp", "age", "sex", "line"), 4, direction = "lower", conf_level = 0.9,
                  policy_tree = list(bins = 12, columns = c("crp", "age", "line"))),
  choice_analysis("one_question", wood, "change", "drug", c("crp", "age", "joints"), 4, policy_tree = list(bins = 5, depth = 1))))

# A causal forest: who gains by which drug depends on two columns together, the same on a scale where low is good, and with two drugs.
set.seed(2718)
n <- 1200
grown <- data.frame(id = sample(10000:99999, n), crp = round(exp(rnorm(n, 2, 0.7)), 2), age = sample(25:80, n, TRUE), joints = sample(0:12, n, TRUE),
                    sex = sample(c("F", "M"), n, TRUE), line = sample(c("first", "second", "third"), n, TRUE, c(0.5, 0.3, 0.2)),
                    fold = sample(rep(1:4, length.out = n)))
grown$drug <- c("anti-TNF", "IL-6", "JAK")[1 + rbinom(n, 2, plogis((grown$age - 55) / 30))]
benefit <- ifelse(grown$drug == "JAK", 2 * (grown$crp > 8 & grown$age < 60) - 0.6, ifelse(grown$drug == "IL-6", 1.4 * (grown$sex == "F") - 0.5, 0))
grown$low_activity <- rbinom(n, 1, plogis(benefit - 0.02 * (grown$age - 50) - 0.05 * grown$joints))
grown$change <- round(2 * benefit - 0.1 * grown$joints + rnorm(n), 3)
grown$crp[c(5, 77, 640)] <- NA
two <- grown[grown$drug != "IL-6", ]
grown <- with_sites(grown, in_blocks(n, 4))
golden_case("choice_causal_forest", grown, from = "simulated, set.seed(2718)",
            notes = c(choice_notes, "trees grown person by person; halves and columns are those of tests/golden/reference/forest_halves.py"), analyses = list(
  choice_analysis("response", grown, "low_activity", "drug", c("log(crp)", "age", "joints", "sex", "line"), 4, guideline = "anti-TNF",
                  policy_tree = list(bins = 5, depth = 1), causal_forest = list(trees = 12, depth = 3)),
  choice_analysis("change", grown, "change", "drug", c("crp", "age", "sex", "line"), 4, direction = "lower", conf_level = 0.9,
                  causal_forest = list(trees = 10, depth = 4, bins = 12, columns_per_node = 2))))
two <- with_sites(two, by_turn(nrow(two), 3))
golden_case("choice_causal_forest_two_drugs", two, from = "simulated, set.seed(2718)", notes = choice_notes, analyses = list(
  choice_analysis("change", two, "change", "drug", c("crp", "age", "sex"), 4, trim = 0.15, causal_forest = list(trees = 25, depth = 2))))
