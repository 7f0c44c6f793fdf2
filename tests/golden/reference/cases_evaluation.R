# SPDX-License-Identifier: Apache-2.0
# Evaluation of predictions. Predictions are rounded, so that a file's reader gets the same doubles.
usual_versions <- versions
versions$pROC <- as.character(packageVersion("pROC"))

data(aSAH, package = "pROC")
bleeding <- aSAH[c("outcome", "gender", "age", "wfns", "s100b", "ndka")]
bleeding$wfns <- as.integer(bleeding$wfns)
bleeding$minus <- -bleeding$s100b
risk <- glm(outcome ~ gender + age + s100b + ndka, binomial, bleeding)
bleeding$risk <- pmin(round(fitted(risk), 6), 0.999)  # R has no logit of 1
bleeding$ndka[c(4, 50)] <- NA
bleeding <- with_sites(bleeding, in_blocks(nrow(bleeding), 4))
golden_case("roc_asah", bleeding, from = "pROC::aSAH", notes = "many ties in age and wfns; ndka is missing twice", analyses = list(
  roc_analysis("s100b", "outcome", "s100b", bleeding),
  roc_analysis("age", "outcome", "age", bleeding, conf_level = 0.9),
  roc_analysis("low_is_bad", "outcome", "minus", bleeding),
  roc_analysis("against_the_grain", "outcome", "minus", bleeding, direction = "<"),
  roc_analysis("two", "outcome", c("s100b", "ndka"), bleeding),
  roc_analysis("three", "outcome", c("wfns", "s100b", "risk"), bleeding),
  roc_analysis("mirrored", "outcome", c("s100b", "age"), bleeding, direction = "<")))

set.seed(20260402)
n <- 400
graded <- data.frame(x = rnorm(n), event = NA)
graded$event <- rbinom(n, 1, plogis(-1 + graded$x))
graded$fine <- graded$x * 1e-9 + 5       # differs in the last bits only
graded$huge <- sign(graded$x) * 10^(40 * abs(graded$x))
graded$coarse <- round(graded$x)
graded$constant <- 1
graded$marker <- ifelse(graded$x > 0, 0, -0.0)
graded$probability <- round(plogis(-1.2 + 1.5 * graded$x), 8)
graded$shifted <- round(plogis(0.4 + 0.6 * graded$x), 8)
graded$percent <- round(plogis(-1 + graded$x), 2)
graded$probability[c(3, 77)] <- NA
graded <- with_sites(graded, c("s1", rep("s2", 149), rep("s3", 250)))
golden_case("roc_awkward", graded, empty = "s4", from = "simulated, seed 20260402",
  notes = "scores that differ in their last bits, over eighty decades, and hardly or not at all; s1 has one row, s4 none",
  analyses = list(
    roc_analysis("fine", "event", "fine", graded), roc_analysis("huge", "event", "huge", graded),
    roc_analysis("coarse", "event", "coarse", graded), roc_analysis("constant", "event", "constant", graded),
    roc_analysis("two_values", "event", "marker", graded),
    roc_analysis("same_order", "event", c("x", "huge"), graded),
    roc_analysis("fine_and_coarse", "event", c("fine", "coarse"), graded)))
golden_case("calibration_simulated", graded, empty = "s4", from = "simulated, seed 20260402", analyses = list(
  calibration_analysis("too_extreme", "event", "probability", graded),
  calibration_analysis("too_high", "event", "shifted", graded, bins = 5),
  calibration_analysis("ties", "event", "percent", graded, bins = 20),
  calibration_analysis("breaks", "event", "percent", graded, bins = c(0, 0.1, 0.25, 0.5, 0.75, 1)),
  net_benefit_analysis("usual", "event", "probability", graded),
  net_benefit_analysis("few", "event", "shifted", graded, thresholds = c(0, 0.05, 0.2, 0.5, 0.9)),
  net_benefit_analysis("at_the_values", "event", "percent", graded, thresholds = c(0.1, 0.25, 0.4))))
golden_case("calibration_asah", bleeding, from = "pROC::aSAH", notes = "the outcome is a factor", analyses = list(
  calibration_analysis("own_data", "outcome", "risk", bleeding, bins = 4),
  net_benefit_analysis("benefit", "outcome", "risk", bleeding)))

# Women of Pima heritage: ranked by what was measured; and a risk learnt on one sample, tried on another.
diabetes <- MASS::Pima.tr2
diabetes <- with_sites(diabetes, in_blocks(nrow(diabetes), 5))
golden_case("roc_pima", diabetes, from = "MASS::Pima.tr2", notes = "skin, bp and bmi have missing values, all of them at s5; the outcome is a factor",
  analyses = list(
    roc_analysis("glucose", "type", "glu", diabetes), roc_analysis("skin", "type", "skin", diabetes, conf_level = 0.99),
    roc_analysis("pressure_upside_down", "type", "bp", diabetes, direction = ">"),
    roc_analysis("four", "type", c("glu", "bmi", "age", "npreg"), diabetes),
    roc_analysis("gaps_in_both", "type", c("skin", "bp"), diabetes)))

others <- MASS::Pima.te
learnt <- glm(type ~ npreg + glu + bmi + ped + age, binomial, MASS::Pima.tr)
simple <- glm(type ~ factor(npreg > 4), binomial, MASS::Pima.tr)
others$risk <- round(unname(predict(learnt, others, type = "response")), 6)
others$two_risks <- round(unname(predict(simple, others, type = "response")), 6)
others <- with_sites(others[c("type", "risk", "two_risks")], by_turn(nrow(others), 4))
two_values <- calibration_analysis("breaks_with_nobody_between", "type", "two_risks", others, bins = c(0, 0.1, 0.2, 0.3, 0.9, 1))
two_values$expected$ici <- NA  # R leaves columns of the spline out; the program gives none for two values
two_values$expected$warnings_contain <- "too few distinct predictions"
golden_case("calibration_pima", others, from = "MASS::Pima.tr, Pima.te", notes = "the model is that of the other sample; two_risks has two values",
  analyses = list(
    calibration_analysis("validated", "type", "risk", others),
    calibration_analysis("fine_groups", "type", "risk", others, bins = 33),
    two_values,
    net_benefit_analysis("usual", "type", "risk", others),
    net_benefit_analysis("at_the_two_risks", "type", "two_risks", others, thresholds = sort(unique(others$two_risks)))))

# Every site is awkward: s1 has cases only, s2 controls only, s3 and s4 one person, s5 no value of what is rated, s6 one
# value of it in all rows; nearly every value occurs at other sites too.
set.seed(20261126)
rated <- data.frame(site = rep(site_names(7), c(17, 22, 1, 1, 12, 15, 60)))
n <- nrow(rated)
rated$event <- c(rep(1, 17), rep(0, 22), 1, 0, rep(0:1, 6), rbinom(15 + 60, 1, 0.4))
rated$rating <- round(2 * (rnorm(n) + rated$event)) / 2
rated$second <- round(rnorm(n) + 0.4 * rated$event)
rated$risk <- round(plogis(-0.4 + 0.8 * rated$rating), 2)
rated$edges <- round(pmin(pmax(0.4 + 0.3 * rated$rating, 0), 1), 1)
of_s6 <- rated$site == "s6"
rated$rating[of_s6] <- 0.5
rated$risk[of_s6] <- 0.5
for (name in c("rating", "risk", "edges")) rated[[name]][c(which(rated$site == "s5"), 5, 30, 100)] <- NA
rated$apart <- rated$event * 2 + rated$second / 100
rated$one_case <- as.numeric(seq_len(n) == 3)
rated$one_control <- as.numeric(seq_len(n) != 70)
rated <- with_sites(rated[setdiff(names(rated), "site")], rated$site)
notes <- c("s1 has cases only, s2 controls only, s3 and s4 one person each, s5 no value of rating, risk and edges",
           "s6 has the same rating and risk in every row, s8 no rows; nearly all values are tied across sites")
golden_case("roc_uneven_sites", rated, empty = "s8", from = "simulated, seed 20261126", notes = notes, analyses = list(
  roc_analysis("rating", "event", "rating", rated), roc_analysis("rating_falls", "event", "rating", rated, direction = ">"),
  roc_analysis("second", "event", "second", rated, conf_level = 0.8),
  roc_analysis("at_the_edges", "event", "edges", rated),
  roc_analysis("both", "event", c("rating", "second"), rated),
  roc_analysis("three", "event", c("edges", "risk", "second"), rated),
  roc_analysis("apart", "event", "apart", rated),
  roc_analysis("one_case", "one_case", "rating", rated), roc_analysis("one_control", "one_control", "second", rated)))
golden_case("calibration_uneven_sites", rated, empty = "s8", from = "simulated, seed 20261126",
  notes = c(notes, "edges holds 0 and 1, which have no logit"), analyses = list(
  calibration_analysis("tied", "event", "risk", rated),
  calibration_analysis("breaks_at_the_values", "event", "risk", rated, bins = c(0, 0.31, 0.5, 0.6, 1)),
  calibration_analysis("one_group", "event", "risk", rated, bins = 1),
  calibration_analysis("certain", "event", "edges", rated, bins = 4),
  net_benefit_analysis("benefit", "event", "risk", rated),
  net_benefit_analysis("benefit_of_certainty", "event", "edges", rated, thresholds = c(0, 0.1, 0.4, 0.7, 0.999999)),
  net_benefit_analysis("benefit_one_case", "one_case", "edges", rated, thresholds = c(0.01, 0.4)),
  net_benefit_analysis("benefit_one_control", "one_control", "risk", rated)))
versions <- usual_versions
