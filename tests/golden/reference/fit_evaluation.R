# SPDX-License-Identifier: Apache-2.0
# Result fields of roc, calibration and net_benefit.

outcome_of <- function(values) if (is.factor(values)) as.integer(values) - 1 else values

one_roc <- function(y, score, direction, conf_level) {
  fit <- suppressMessages(pROC::roc(y, score, levels = c(0, 1), direction = direction, algorithm = 1))
  interval <- as.vector(suppressWarnings(pROC::ci.auc(fit, conf.level = conf_level, method = "delong")))
  list(fit = fit, fields = list(
    auc = as.numeric(fit$auc), direction = fit$direction,
    std_error = sqrt(pROC::var(fit, method = "delong")), conf_low = interval[1], conf_high = interval[3],
    curve = lapply(seq_along(fit$thresholds), function(k) {
      list(threshold = fit$thresholds[k], sensitivity = fit$sensitivities[k], specificity = fit$specificities[k])
    })))
}

roc_analysis <- function(name, outcome, scores, data, direction = "auto", conf_level = 0.95) {
  study <- list(name = name, method = "roc", outcome = outcome, score = if (length(scores) > 1) vector_of(scores) else scores)
  if (direction != "auto") study$direction <- direction
  if (conf_level != 0.95) study$conf_level <- conf_level
  complete <- complete.cases(data[c(outcome, scores)])
  y <- outcome_of(data[[outcome]])[complete]
  each <- lapply(scores, function(score) one_roc(y, data[[score]][complete], direction, conf_level))
  expected <- list(method = "roc", n = sum(complete), n_missing = sum(!complete), n_cases = sum(y), n_controls = sum(1 - y))
  if (length(scores) == 1) return(list(study = study, expected = c(expected, each[[1]]$fields)))
  expected$scores <- lapply(seq_along(scores), function(k) c(list(score = scores[k]), each[[k]]$fields))
  pairs <- combn(length(scores), 2, simplify = FALSE)
  comparisons <- lapply(pairs, function(pair) {
    # roc.test() wants both curves to run the same way; the program needs no such thing.
    test <- pROC::roc.test(each[[pair[1]]]$fit, each[[pair[2]]]$fit, method = "delong", paired = TRUE,
                           conf.level = conf_level)
    list(score_1 = scores[pair[1]], score_2 = scores[pair[2]],
         estimate = unname(test$estimate[1] - test$estimate[2]), statistic = unname(test$statistic), p_value = test$p.value,
         conf_low = test$conf.int[1], conf_high = test$conf.int[2])
  })
  if (length(pairs) == 1) expected$compare <- comparisons[[1]] else expected$comparisons <- comparisons
  list(study = study, expected = expected)
}

# glm() driven on until its deviance no longer moves.
exact_fit <- function(x, y, offset = rep(0, length(y))) {
  fit <- glm.fit(x, y, offset = offset, family = binomial(), control = glm.control(1e-14, 100))
  for (again in 1:5) {
    fit <- glm.fit(x, y, offset = offset, family = binomial(), start = fit$coefficients, control = glm.control(1e-16, 3))
  }
  fit
}

exact_logistic <- function(x, y, offset = rep(0, length(y))) {
  fit <- exact_fit(x, y, offset)
  mu <- fit$fitted.values
  list(coefficients = fit$coefficients, errors = sqrt(diag(solve(crossprod(x, x * (mu * (1 - mu)))))))
}

calibration_analysis <- function(name, outcome, prediction, data, bins = 10) {
  study <- list(name = name, method = "calibration", outcome = outcome, prediction = prediction)
  if (!identical(bins, 10)) study$bins <- if (length(bins) > 1) vector_of(bins) else bins
  complete <- complete.cases(data[c(outcome, prediction)])
  y <- outcome_of(data[[outcome]])[complete]
  p <- data[[prediction]][complete]
  certain <- any(p == 0 | p == 1)  # no logit: R has no such fit
  logit <- if (certain) p else qlogis(p)
  z <- qnorm(0.975)
  large <- suppressWarnings(exact_logistic(matrix(1, length(y), 1), y, logit))
  line <- suppressWarnings(exact_logistic(cbind(1, logit), y))
  flexible <- suppressWarnings(exact_fit(cbind(1, ns(logit, df = 3)), y))  # of collinear columns glm.fit() leaves some out
  breaks <- if (length(bins) > 1) bins else unique(quantile(p, 0:bins / bins, names = FALSE))
  group <- cut(p, breaks, include.lowest = TRUE)
  prevalence <- mean(y)
  expected <- list(
    method = "calibration", n = length(y), n_missing = sum(!complete),
    intercept = unname(large$coefficients), intercept_std_error = large$errors[1],
    intercept_conf_low = unname(large$coefficients) - z * large$errors[1],
    intercept_conf_high = unname(large$coefficients) + z * large$errors[1],
    slope = unname(line$coefficients[2]), slope_std_error = line$errors[2],
    slope_conf_low = unname(line$coefficients[2]) - z * line$errors[2],
    slope_conf_high = unname(line$coefficients[2]) + z * line$errors[2],
    brier = mean((y - p)^2), brier_scaled = 1 - mean((y - p)^2) / (prevalence * (1 - prevalence)),
    observed = sum(y), expected = sum(p), observed_expected = sum(y) / sum(p), ici = mean(abs(flexible$fitted.values - p)),
    curve = lapply(seq_along(levels(group)), function(k) {
      inside <- group == levels(group)[k]
      list(lower = breaks[k], upper = breaks[k + 1], n = sum(inside), mean_prediction = if (any(inside)) mean(p[inside]) else NA,
           observed = if (any(inside)) mean(y[inside]) else NA)
    }))
  if (certain) expected[grep("^intercept|^slope|^ici$", names(expected))] <- NA
  list(study = study, expected = expected)
}

net_benefit_analysis <- function(name, outcome, prediction, data, thresholds = NULL) {
  study <- list(name = name, method = "net_benefit", outcome = outcome, prediction = prediction)
  if (!is.null(thresholds)) study$thresholds <- vector_of(thresholds) else thresholds <- (1:99) / 100
  complete <- complete.cases(data[c(outcome, prediction)])
  y <- outcome_of(data[[outcome]])[complete]
  p <- data[[prediction]][complete]
  list(study = study, expected = list(
    method = "net_benefit", n = length(y), n_missing = sum(!complete), prevalence = mean(y),
    curve = lapply(thresholds, function(t) {
      tp <- sum(p >= t & y == 1)
      fp <- sum(p >= t & y == 0)
      odds <- t / (1 - t)
      list(threshold = t, net_benefit = tp / length(y) - fp / length(y) * odds,
           treat_all = mean(y) - mean(1 - y) * odds, treat_none = 0, tp = tp, fp = fp)
    })))
}
