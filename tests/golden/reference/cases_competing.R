# SPDX-License-Identifier: Apache-2.0
# Competing risks.

competing_notes <- c("curves: survfit() with a factor status; std_error is the infinitesimal jackknife, as survfit gives it",
  "tests: cmprsk::cuminc; p_value by pchisq(lower.tail = FALSE), which keeps small ones",
  "terms: cmprsk::crr, started again at its solution")

liver <- pbc[c("time", "status", "age", "sex", "bili", "edema", "stage", "trt")]
liver$log_bili <- log(liver$bili)
liver$trt <- factor(c("penicillamine", "placebo")[liver$trt])
liver$outcome <- factor(c("alive", "transplant", "death")[liver$status + 1], levels = c("alive", "transplant", "death"))
liver <- with_sites(liver, by_turn(nrow(liver), 3))
liver_labels <- list(`1` = "transplant", `2` = "death")
golden_case("competing_liver", liver, from = paste("survival::pbc;", cmprsk_version), notes = competing_notes, analyses = list(
  competing_analysis("all", "1", liver), competing_analysis("by_arm", "trt", liver, group = "trt"),
  competing_analysis("death_by_sex", "sex", liver, told = "outcome", labels = liver_labels, cause = 2, group = "sex"),
  competing_analysis("regression", "age + log_bili + sex + edema", liver, cause = 2, model = "fine_gray"),
  competing_analysis("named", "age + factor(stage)", liver, told = "outcome", labels = liver_labels, cause = 2, model = "fine_gray"),
  competing_analysis("stages", "trt + age", liver, cause = 2, group = "stage", groups = "stage", conf_type = "log-log", times = c(100, 1000, 3000.5)),
  competing_analysis("plain", "1", liver, conf_type = "plain", conf_level = 0.9, model = "cuminc")))

# Days rounded to months: events of both kinds and censorings at the same times, at all sites.
set.seed(20261126)
tied_causes <- data.frame(arm = factor(sample(c("a", "b", "c"), 240, TRUE)), x = round(rnorm(240), 2), smoker = rbinom(240, 1, 0.4))
tied_first <- rexp(240, 0.08 * exp(0.5 * tied_causes$x))
tied_second <- rexp(240, 0.06 * exp(0.4 * tied_causes$smoker))
tied_end <- runif(240, 2, 20)
tied_causes$months <- ceiling(pmin(tied_first, tied_second, tied_end))
tied_causes$state <- ifelse(tied_end < pmin(tied_first, tied_second), 0, ifelse(tied_first < tied_second, 1, 2))
tied_causes <- with_sites(tied_causes, in_blocks(240, 3))
golden_case("competing_heavy_ties", tied_causes, empty = "s4", from = paste("simulated, seed 20261126;", cmprsk_version),
  notes = c(competing_notes, "many ties between events and censorings: crr() takes those with an event as at risk of censoring at its time"),
  analyses = list(
  competing_analysis("arms", "arm", tied_causes, time = "months", status = "state", group = "arm"),
  competing_analysis("number_as_group", "smoker", tied_causes, time = "months", status = "state", cause = 2, group = "smoker"),
  competing_analysis("regression", "x + smoker + arm", tied_causes, time = "months", status = "state", model = "fine_gray"),
  competing_analysis("interaction", "x * smoker", tied_causes, time = "months", status = "state", cause = 2, model = "fine_gray")))

# Times without ties, three causes of which one is rare; nobody is censored in one group.
set.seed(20261127)
many_causes <- data.frame(group = factor(sample(c("open", "closed"), 150, TRUE)), z = rnorm(150))
many_causes$time <- rweibull(150, 1.4, 5) * exp(-0.3 * many_causes$z)
many_causes$cause <- sample(c(0, 1, 2, 7), 150, TRUE, c(0.3, 0.4, 0.25, 0.05))
many_causes$cause[many_causes$group == "closed" & many_causes$cause == 0] <- 2
many_causes$z[c(3, 77)] <- NA
many_causes <- with_sites(many_causes, by_turn(150, 4))
golden_case("competing_many_causes", many_causes, from = paste("simulated, seed 20261127;", cmprsk_version), notes = competing_notes, analyses = list(
  competing_analysis("groups", "group", many_causes, status = "cause", group = "group"),
  competing_analysis("rare", "1", many_causes, status = "cause", cause = 7),
  competing_analysis("regression", "z + group", many_causes, status = "cause", cause = 2, model = "fine_gray")))

# Only one kind of event: the curve is 1 - Kaplan-Meier, the regression Breslow's Cox model.
lone <- transform(tied_causes, state = ifelse(state == 2, 0, state))
golden_case("competing_single_cause", lone, from = paste("simulated, seed 20261126;", cmprsk_version), notes = competing_notes, analyses = list(
  competing_analysis("curve", "1", lone, time = "months", status = "state"),
  competing_analysis("regression", "x + arm", lone, time = "months", status = "state", model = "fine_gray")))
