# SPDX-License-Identifier: Apache-2.0
# Ordinal and multinomial outcomes, matched sets, accelerated failure times.

links <- c("logit", "probit", "loglog", "cloglog", "cauchit")
ordinal_notes <- paste("MASS", packageVersion("MASS"), "polr, driven to the maximum, with the observed information written out; checked against ordinal::clm")
flats <- as.data.frame(housing)
flats <- with_sites(data.frame(satisfaction = factor(as.character(flats$Sat), levels = c("Low", "Medium", "High")),
                               influence = factor(as.character(flats$Infl), levels = c("Low", "Medium", "High")),
                               type = factor(as.character(flats$Type)), contact = factor(as.character(flats$Cont)),
                               freq = flats$Freq), by_turn(nrow(flats), 3))
golden_case("ordinal_housing", flats, from = "MASS::housing", notes = ordinal_notes, analyses = c(
  lapply(links, function(link) ordinal_analysis(link, "satisfaction ~ influence + type + contact", flats, link, weights = "freq")),
  list(ordinal_analysis("one_term", "satisfaction ~ contact", flats, weights = "freq", conf_level = 0.9))))

weights_of_babies <- named_births
weights_of_babies$grade <- factor(c("low", "middle", "high", "top")[findInterval(birthwt$bwt, c(0, 2500, 3000, 3500))],
                                  levels = c("low", "middle", "high", "top"))
weights_of_babies$score <- as.integer(weights_of_babies$grade) * 10
golden_case("ordinal_birthweight", weights_of_babies, from = "MASS::birthwt", notes = ordinal_notes, analyses = c(
  lapply(links, function(link) ordinal_analysis(link, "grade ~ age + lwt + smoke", weights_of_babies, link)),
  list(ordinal_analysis("numbers", "score ~ smoke + ht + offset(lwt / 100)", weights_of_babies),
       ordinal_analysis("crossed", "grade ~ race * smoke", weights_of_babies))))

set.seed(20260111)
staged <- spread
staged$stage <- factor(c("none", "mild", "severe")[findInterval(0.03 * (staged$age - 54) + 0.6 * (staged$drug == "TNF") + rlogis(n), c(-Inf, -0.5, 1))],
                       levels = c("none", "mild", "never", "severe"))
staged$molar <- staged$crp * 1e-12
staged$cells <- staged$age * 1e12 + 3e11
staged$twice <- 2 * staged$age
staged$level <- factor(ifelse(staged$site == "s1" & seq_len(n) < 30, "RTX", as.character(staged$drug)))
staged$gap <- ifelse(staged$site == "s2", NA, staged$age)
staged$year <- 1990 + (seq_len(n) * 7) %% 31
staged$marker <- staged$age / 10 + 100 * as.integer(staged$stage)
not_there <- function(name, method, formula, ...) {
  list(study = list(name = name, method = method, formula = formula, ...),
       expected = list(method = method, converged = FALSE, warnings_contain = "infinite"))
}
golden_case("ordinal_awkward", staged, empty = c("a0", "z9"), from = "simulated, seeds 20260103 and 20260111",
  notes = c(ordinal_notes, "level 'never' never occurs"), analyses = list(
  ordinal_analysis("scales", "stage ~ molar + cells", staged),
  ordinal_analysis("level_at_one_site", "stage ~ level + sex", staged),
  ordinal_analysis("missing_at_site", "stage ~ gap + sex", staged),
  ordinal_analysis("weights", "stage ~ drug + age", staged, weights = "weight"),
  ordinal_analysis("twice", "stage ~ age + twice + drug", staged),
  ordinal_analysis("distant", "stage ~ year + sex", staged),
  not_there("separated", "ordinal", "stage ~ marker")))

multinomial_notes <- paste("nnet", packageVersion("nnet"), "multinom, driven to the maximum by Newton's iteration")
golden_case("multinomial_housing", flats, from = "MASS::housing", notes = multinomial_notes, analyses = list(
  multinomial_analysis("main", "satisfaction ~ influence + type + contact", flats, weights = "freq"),
  multinomial_analysis("one_term", "satisfaction ~ contact", flats, weights = "freq", conf_level = 0.9)))
golden_case("multinomial_birthweight", weights_of_babies, from = "MASS::birthwt", notes = multinomial_notes, analyses = list(
  multinomial_analysis("main", "grade ~ age + lwt + smoke", weights_of_babies),
  multinomial_analysis("race", "race ~ age + smoke + ht", weights_of_babies),
  multinomial_analysis("numbers", "score ~ smoke", weights_of_babies),
  multinomial_analysis("no_intercept", "race ~ 0 + age + smoke", weights_of_babies)))
golden_case("multinomial_awkward", staged, empty = c("a0", "z9"), from = "simulated, seeds 20260103 and 20260111",
  notes = c(multinomial_notes, "level 'never' never occurs"), analyses = list(
  multinomial_analysis("level_at_one_site", "stage ~ level + sex", staged),
  multinomial_analysis("missing_at_site", "stage ~ gap + sex", staged),
  multinomial_analysis("weights", "stage ~ drug + age", staged, weights = "weight"),
  multinomial_analysis("twice", "stage ~ age + twice + drug", staged),
  multinomial_analysis("distant", "drug ~ year + sex", staged),
  not_there("separated", "multinomial", "stage ~ marker")))

set_notes <- "survival::clogit, that is coxph of one time per set; sets lie within sites"
matched <- infert[c("case", "age", "parity", "induced", "spontaneous", "stratum")]
matched <- with_sites(data.frame(matched, education = infert$education), site_names(4)[matched$stratum %% 4 + 1])
golden_case("clogit_infert", matched, from = "datasets::infert", notes = set_notes, analyses = list(
  conditional_analysis("main", "case ~ spontaneous + induced", matched, "stratum"),
  conditional_analysis("factor", "case ~ factor(spontaneous) + factor(induced)", matched, "stratum", conf_level = 0.9),
  conditional_analysis("efron", "case ~ spontaneous + induced", matched, "stratum", ties = "efron"),
  conditional_analysis("constant", "case ~ age + spontaneous", matched, "stratum")))
veteran_cells <- with_sites(data.frame(sick = c(1, 0)[(veteran$time < 80) + 1], karno = veteran$karno, age = veteran$age, trt = veteran$trt,
                              cell = as.character(veteran$celltype), prior = veteran$prior),
                   c("s1", "s1", "s2", "s3")[as.integer(veteran$celltype)])
golden_case("clogit_many_cases", veteran_cells, from = "survival::veteran", notes = c(set_notes, "four sets with many cases each"), analyses = c(
  lapply(c("exact", "efron", "breslow"), function(ties) conditional_analysis(ties, "sick ~ karno + age + trt", veteran_cells, "cell", ties = ties)),
  list(conditional_analysis("offset", "sick ~ karno + offset(age / 50)", veteran_cells, "cell"),
       conditional_analysis("crossed", "sick ~ karno * trt", veteran_cells, "cell"))))
set.seed(20260112)
pairs <- spread
pairs$set <- (seq_len(n) - 1) %/% 5
pairs <- with_sites(pairs[setdiff(names(pairs), "site")], site_names(3)[pairs$set %% 3 + 1])
pairs$case <- rbinom(n, 1, plogis(-0.8 + 0.02 * (pairs$age - 54) + 0.5 * (pairs$drug == "TNF")))
pairs$case[pairs$set == 3] <- 0
pairs$case[pairs$set == 4] <- 1
pairs$molar <- pairs$crp * 1e-12
pairs$cells <- pairs$age * 1e12 + 3e11
pairs$twice <- 2 * pairs$age
pairs$level <- factor(ifelse(pairs$site == "s1" & seq_len(n) %% 4 == 0, "RTX", as.character(pairs$drug)))
pairs$gap <- ifelse(pairs$site == "s2", NA, pairs$age)
pairs$marker <- pairs$age / 10 + 100 * pairs$case
golden_case("clogit_awkward", pairs, empty = c("a0", "z9"), from = "simulated, seeds 20260103 and 20260112",
  notes = c(set_notes, "set 3 has no case, set 4 nothing else"), analyses = list(
  conditional_analysis("main", "case ~ age + drug", pairs),
  conditional_analysis("scales", "case ~ molar + cells", pairs),
  conditional_analysis("level_at_one_site", "case ~ level + sex", pairs),
  conditional_analysis("missing_at_site", "case ~ gap + sex", pairs),
  conditional_analysis("twice", "case ~ age + twice + drug", pairs),
  not_there("separated", "conditional_logistic", "case ~ marker + strata(set)")))

failure_notes <- "survival::survreg, driven to the maximum; the last term of terms is the logarithm of the scale"
kinds <- c("weibull", "exponential", "lognormal", "loglogistic")
golden_case("aft_lung", lungs, from = "survival::lung", notes = failure_notes, analyses = c(
  lapply(kinds, function(kind) failure_analysis(kind, "Surv(time, dead) ~ age + sex + ph.karno", lungs, kind)),
  list(failure_analysis("default", "Surv(time, dead) ~ sex", lungs, conf_level = 0.9),
       failure_analysis("mean_only", "Surv(time, dead) ~ 1", lungs))))
golden_case("aft_veteran", veterans, from = "survival::veteran", notes = failure_notes, analyses = c(
  lapply(kinds, function(kind) failure_analysis(kind, "Surv(time, status) ~ trt * celltype + karno", veterans, kind)),
  list(failure_analysis("offset", "Surv(time, status) ~ trt + offset(karno / 50)", veterans, "lognormal"))))
set.seed(20260113)
times <- spread
times$days <- ceiling(rweibull(n, 1.4, exp(5 + 0.3 * (times$drug == "TNF") - 0.01 * times$age)))
times$dead <- rbinom(n, 1, 0.7)
times$molar <- times$crp * 1e-12
times$cells <- times$age * 1e12 + 3e11
times$twice <- 2 * times$age
times$level <- factor(ifelse(times$site == "s1" & seq_len(n) < 30, "RTX", as.character(times$drug)))
times$gap <- ifelse(times$site == "s2", NA, times$age)
times$large <- times$days * 1e12
times$small <- times$days * 1e-9
times$lucky <- factor(ifelse(times$dead == 0 & times$sex == "F", "yes", "no"))
golden_case("aft_awkward", times, empty = c("a0", "z9"), from = "simulated, seeds 20260103 and 20260113",
  notes = c(failure_notes, "nobody in group lucky has an event"), analyses = list(
  failure_analysis("scales", "Surv(days, dead) ~ molar + cells", times),
  failure_analysis("large_times", "Surv(large, dead) ~ age", times, "lognormal"),
  failure_analysis("small_times", "Surv(small, dead) ~ age", times, "loglogistic"),
  failure_analysis("level_at_one_site", "Surv(days, dead) ~ level + sex", times),
  failure_analysis("missing_at_site", "Surv(days, dead) ~ gap + sex", times, "exponential"),
  failure_analysis("weights", "Surv(days, dead) ~ drug + age", times, "loglogistic", weights = "weight"),
  failure_analysis("twice", "Surv(days, dead) ~ age + twice + drug", times),
  not_there("no_event_in_group", "aft", "Surv(days, dead) ~ lucky")))

# Left truncation: some are under observation from the beginning, most come later; one row has a weight of zero.
late_failures <- late
late_failures$entry[seq(1, 150, 10)] <- 0
late_failures$w <- (seq_len(150) * 7) %% 4
golden_case("aft_left_truncated", late_failures, from = "simulated, seed 20260104",
  notes = "written out in fit_levels.R; the exponential one is held against glm()", analyses = c(
  lapply(kinds, function(kind) truncated_failure_analysis(kind, "Surv(entry, exit, event) ~ x + sex", late_failures, kind)),
  list(truncated_failure_analysis("weights", "Surv(entry, exit, event) ~ x * sex", late_failures, "weibull", weights = "w"),
       truncated_failure_analysis("offset", "Surv(entry, exit, event) ~ sex + offset(x / 4)", late_failures, "loglogistic"))))

# Case weights: whole ones, fractions, and some of zero.
many_cases <- pairs
many_cases$w <- round(((seq_len(nrow(pairs)) * 7) %% 9) / 4, 2)
many_cases$whole <- 1 + (seq_len(nrow(pairs)) * 5) %% 3
golden_case("clogit_weights", many_cases, empty = "a0", from = "simulated, seeds 20260103 and 20260112",
  notes = c(set_notes, "model-based errors, as coxph(robust = FALSE)"), analyses = list(
  conditional_analysis("efron", "case ~ age + drug", many_cases, ties = "efron", weights = "whole"),
  conditional_analysis("breslow", "case ~ age + drug", many_cases, ties = "breslow", weights = "whole"),
  conditional_analysis("breslow_offset", "case ~ sex + offset(age / 50)", many_cases, ties = "breslow", weights = "whole")))
