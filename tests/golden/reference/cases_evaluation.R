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
versions <- usual_versions
