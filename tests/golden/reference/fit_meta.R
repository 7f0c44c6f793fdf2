# SPDX-License-Identifier: Apache-2.0
# Meta-analysis: R's glm() and coxph() on each site's rows alone, then metafor::rma.uni.
suppressPackageStartupMessages(library(metafor))
metafor_version <- paste("metafor", packageVersion("metafor"))

meta_fields <- function(estimate, error, model, tau2, hartung_knapp, conf_level) {
  method <- if (model == "fixed") "FE" else tau2
  test <- if (identical(hartung_knapp, "adhoc")) "adhoc" else if (isTRUE(hartung_knapp)) "knha" else "z"
  fit <- NULL
  for (threshold in c(1e-15, 1e-14, 1e-13)) {  # a large tau2 cannot stand still to the smallest
    if (is.null(fit)) fit <- tryCatch(suppressWarnings(rma.uni(
      yi = estimate, sei = error, method = method, test = test, level = 100 * conf_level,
      control = list(threshold = threshold, maxiter = 10000, tol = 1e-15))), error = function(e) NULL)
  }
  prediction <- predict(fit)
  list(method = "meta", k = fit$k, estimate = c(fit$beta), std_error = fit$se, statistic = fit$zval, p_value = fit$pval,
       conf_low = fit$ci.lb, conf_high = fit$ci.ub, tau2 = fit$tau2, i2 = fit$I2, h2 = fit$H2, q = fit$QE, q_df = fit$k - 1,
       q_p_value = fit$QEp, prediction_low = if (model == "fixed") NA else prediction$pi.lb,
       prediction_high = if (model == "fixed") NA else prediction$pi.ub)
}

# The term's estimate and error from a site's own rows; nothing where R has none. A site at which a factor of the model has
# one level only has none: glm() stops there, and coxph(), which goes on without the factor, is held to the same.
site_estimate <- function(formula, family, term, data) {
  used <- data[intersect(all.vars(as.formula(formula)), names(data))]
  if (any(vapply(used, function(x) is.factor(x) && nlevels(droplevels(x)) < 2, NA))) return(NULL)
  survival <- grepl("^Surv", formula)
  fit <- tryCatch(if (survival) polished_coxph(as.formula(formula), data, "efron", FALSE) else refined_glm(as.formula(formula), family, data),
                  error = function(e) NULL)
  if (is.null(fit) || is.na(coef(fit)[term])) return(NULL)
  c(coef(fit)[[term]], sqrt(diag(vcov(fit))[[term]]))
}

# glm() started again at its solution until it stands still; errors from the weights there.
refined_glm <- function(formula, family, data) {
  fit <- do.call(glm, list(formula = formula, family = family, data = data, control = glm.control(epsilon = 1e-8, maxit = 100)))
  for (again in 1:4) fit <- suppressWarnings(do.call(glm, list(formula = formula, family = family, data = data, start = coef(fit))))
  fit
}

meta_analysis <- function(name, data, term, fit, formula = NULL, family = "gaussian", analysis = NULL, model = NULL, tau2 = NULL,
                          hartung_knapp = NULL, conf_level = NULL, release_sites = FALSE) {
  estimates <- lapply(split(data, droplevels(data$site)), function(rows) site_estimate(fit, family, term, rows))
  there <- !vapply(estimates, is.null, NA)
  y <- vapply(estimates[there], `[`, 0, 1)
  se <- vapply(estimates[there], `[`, 0, 2)
  study <- list(name = name, method = "meta", term = term)
  if (!is.null(analysis)) study$analysis <- analysis else {
    study$formula <- fit
    if (family != "gaussian") study$family <- family
  }
  for (key in c("model", "tau2", "hartung_knapp", "conf_level")) study[[key]] <- get(key)
  if (release_sites) study$release_sites <- TRUE
  chosen <- if (!is.null(model)) model else if (!is.null(tau2)) "random" else "fixed"
  expected <- meta_fields(y, se, chosen, if (is.null(tau2)) "DL" else tau2, hartung_knapp, if (is.null(conf_level)) 0.95 else conf_level)
  if (release_sites) {
    expected$per_site <- mapply(function(site, e) list(site = site, estimate = if (is.null(e)) NA else e[1], std_error = if (is.null(e)) NA else e[2]),
                                names(estimates), estimates, SIMPLIFY = FALSE, USE.NAMES = FALSE)
  }
  list(study = study, expected = expected)
}

rows_meta_analysis <- function(name, data, model = NULL, tau2 = NULL, hartung_knapp = NULL) {
  study <- list(name = name, method = "meta", estimate = "estimate", std_error = "error")
  for (key in c("model", "tau2", "hartung_knapp")) study[[key]] <- get(key)
  chosen <- if (!is.null(model)) model else if (!is.null(tau2)) "random" else "fixed"
  list(study = study, expected = meta_fields(data$estimate, data$error, chosen, if (is.null(tau2)) "DL" else tau2, hartung_knapp, 0.95))
}

# The normal hierarchical model with a normal prior on mu and a half-normal one on tau, integrated over tau by
# Gauss-Legendre rules (Golub and Welsch) on 400 panels.
legendre_rule <- function(n) {
  i <- seq_len(n - 1)
  b <- i / sqrt(4 * i^2 - 1)
  matrix <- matrix(0, n, n)
  matrix[cbind(i, i + 1)] <- matrix[cbind(i + 1, i)] <- b
  e <- eigen(matrix, symmetric = TRUE)
  list(node = e$values, weight = 2 * e$vectors[1, ]^2)
}

bayes_fields <- function(y, se, prior_mean, prior_sd, tau_scale, conf_level) {
  rule <- legendre_rule(16)
  on <- function(ends) {  # nodes and weights on the panels between `ends`
    half <- diff(ends) / 2
    list(node = c(outer(rule$node, half) + rep(ends[-1] - half, each = 16)), weight = c(outer(rule$weight, half)))
  }
  given <- function(tau) {
    w <- 1 / outer(se^2, tau^2, "+")
    precision <- 1 / prior_sd^2 + colSums(w)
    mean <- (prior_mean / prior_sd^2 + colSums(w * y)) / precision
    fit <- vapply(seq_along(tau), function(t) sum(w[, t] * (y - mean[t])^2), 0) + (mean - prior_mean)^2 / prior_sd^2
    list(log = 0.5 * colSums(log(w)) - 0.5 * log(precision) - 0.5 * fit - 0.5 * (tau / tau_scale)^2, mean = mean, sd = sqrt(1 / precision))
  }
  ends <- tau_scale * 10 * (seq(0, 1, length.out = 401))^3
  rule_tau <- on(ends)
  at <- given(rule_tau$node)
  top <- max(at$log)
  mass <- rule_tau$weight * exp(at$log - top)
  total <- sum(mass)
  p <- mass / total
  tail <- c(0.5, (1 - conf_level) / 2, (1 + conf_level) / 2)
  root <- function(cdf, low, high) vapply(tail, function(q) uniroot(function(x) cdf(x) - q, c(low, high), tol = 1e-15, maxiter = 1000)$root, 0)
  mixture <- function(sd) {
    mean <- sum(p * at$mean)
    c(mean, sqrt(sum(p * (sd^2 + (at$mean - mean)^2))), root(function(x) sum(p * pnorm(x, at$mean, sd)), mean - 30 * max(sd), mean + 30 * max(sd)))
  }
  mu <- mixture(at$sd)
  further <- mixture(sqrt(at$sd^2 + rule_tau$node^2))
  below <- function(x) {
    inner <- on(c(ends[ends < x], x))
    sum(inner$weight * exp(given(inner$node)$log - top)) / total
  }
  tau <- root(below, 0, 10 * tau_scale)
  tau_mean <- sum(p * rule_tau$node)
  list(method = "meta", k = length(y), estimate = mu[1], std_error = mu[2], median = mu[3], conf_low = mu[4], conf_high = mu[5],
       tau = list(mean = tau_mean, sd = sqrt(sum(p * (rule_tau$node - tau_mean)^2)), median = tau[1], conf_low = tau[2], conf_high = tau[3]),
       prediction_low = further[4], prediction_high = further[5])
}

bayes_rows_analysis <- function(name, data, prior_mean = 0, prior_sd = 2, tau_scale = 0.5, conf_level = 0.95) {
  study <- list(name = name, method = "meta", estimate = "estimate", std_error = "error", model = "bayes")
  if (prior_mean != 0) study$prior_mean <- prior_mean
  if (prior_sd != 2) study$prior_sd <- prior_sd
  if (tau_scale != 0.5) study$tau_scale <- tau_scale
  if (conf_level != 0.95) study$conf_level <- conf_level
  list(study = study, expected = bayes_fields(data$estimate, data$error, prior_mean, prior_sd, tau_scale, conf_level))
}

# The largest log-likelihood of a logistic or Poisson model by Newton's method with halved steps, up to a constant: glm() loses its way
# where x's part is far out. A function of the offset, which begins where it ended last.
largest_likelihood <- function(formula, family, data) {
  frame <- model.frame(formula, data)
  x <- model.matrix(formula, frame)
  y <- model.response(frame)
  known <- if (is.null(model.offset(frame))) 0 else model.offset(frame)
  start <- rep(0, ncol(x))
  mean_of <- list(binomial = plogis, poisson = exp)[[family]]
  slope_of <- list(binomial = function(eta) plogis(eta) * plogis(-eta), poisson = exp)[[family]]
  cost_of <- list(binomial = function(eta) pmax(eta, 0) + log1p(exp(-abs(eta))), poisson = exp)[[family]]
  maximum <- function(offset) {
    linear <- function(b) c(x %*% b) + known + offset
    value_of <- function(b) sum(y * linear(b) - cost_of(linear(b)))
    repeat {
      eta <- linear(start)
      score <- crossprod(x, y - mean_of(eta))
      step <- c(solve(crossprod(x, slope_of(eta) * x), score, tol = 0))
      gain <- sum(step * score)
      if (gain < 1e-15) return(value_of(start))
      # Near the maximum rounding says which of two values is larger.
      while (gain > 1e-9 && !(value_of(start + step) >= value_of(start))) step <- step / 2
      start <<- start + step
    }
  }
  fit <- glm(formula, family, data, epsilon = 1e-15)
  constant <- if (family == "poisson") sum(lfactorial(y)) else 0
  stopifnot(abs(maximum(0) - constant - c(logLik(fit))) < 1e-9)
  maximum
}

# A site's profile likelihood of the effect of x: coxph() with x's part as an offset, or the like of a family, on Chebyshev's
# points of panels of a quarter of [-16, 16], less its largest value there; beyond, a straight line.
profile_of <- function(data, formula, x, family = NULL) {
  data$moved <- data[[x]]
  if (!is.null(family)) maximum <- largest_likelihood(formula, family, data)
  at <- function(effect) {
    if (!is.null(family)) return(maximum(effect * data[[x]]))
    data$moved <- effect * data[[x]]
    fit <- suppressWarnings(coxph(update(formula, . ~ . + offset(moved)), data, control = coxph.control(eps = 1e-14, iter.max = 100)))
    fit$loglik[length(fit$loglik)]
  }
  points <- 12
  on <- cos(pi * (seq_len(points) - 0.5) / points)
  ends <- seq(-16, 16, by = 0.25)
  centre <- ends[-1] - 0.125
  values <- vapply(centre, function(middle) vapply(middle + 0.125 * on, at, 0), on)
  top <- max(values)
  transform <- cos(outer(0:(points - 1), pi * (seq_len(points) - 0.5) / points)) * 2 / points
  transform[1, ] <- transform[1, ] / 2
  coefficients <- transform %*% (values - top)
  function(effect) {
    inside <- pmin(pmax(effect, -16), 16)
    panel <- pmin(findInterval(inside, ends), length(centre))
    angle <- acos(pmin(pmax((inside - centre[panel]) / 0.125, -1), 1))
    result <- 0
    for (k in seq_len(points)) result <- result + coefficients[k, panel] * cos((k - 1) * angle)
    result
  }
}

# The posterior on a grid of mu (trapezoidal rule) and tau (Gauss-Legendre), each site's effect integrated out by the
# trapezoidal rule over the integrand itself.
profile_posterior <- function(profiles, low, high, size, prior_mean = 0, prior_sd = 2, tau_scale = 0.5, conf_level = 0.95, panels = 16) {
  rule <- legendre_rule(8)
  ends <- tau_scale * 9 * seq(0, 1, length.out = panels + 1)^2.5
  half <- diff(ends) / 2
  tau <- c(outer(rule$node, half) + rep(ends[-1] - half, each = 8))
  tau_weight <- c(outer(rule$weight, half))
  mu <- seq(low, high, length.out = size)
  z <- seq(-9, 9, by = 0.08)
  log_z <- -z^2 / 2 + log(0.08 / sqrt(2 * pi))
  log_likelihood <- matrix(0, size, length(tau))
  for (t in seq_along(tau)) for (profile in profiles) {
    value <- matrix(profile(outer(z * tau[t], mu, "+")), length(z)) + log_z
    top <- apply(value, 2, max)
    log_likelihood[, t] <- log_likelihood[, t] + top + log(colSums(exp(value - rep(top, each = length(z)))))
  }
  log_density <- log_likelihood + outer(-((mu - prior_mean) / prior_sd)^2 / 2, -(tau / tau_scale)^2 / 2, "+")
  mass <- exp(log_density - max(log_density)) * rep(tau_weight, each = size)
  mass <- mass / sum(mass)
  of_mu <- rowSums(mass)
  of_tau <- colSums(mass)
  step <- mu[2] - mu[1]
  # The density between mu's points is the cardinal series; its integral is that of sin(x) / x.
  panel <- legendre_rule(40)
  sine_integral <- function(x) vapply(x, function(end) {
    if (abs(end) > 60) {  # the asymptotic series
      f <- 1 / end * sum(cumprod(c(1, -(seq(1, 15, 2) * seq(2, 16, 2)) / end^2)))
      g <- 1 / end^2 * sum(cumprod(c(1, -(seq(2, 16, 2) * seq(3, 17, 2)) / end^2)))
      return(sign(end) * pi / 2 - f * cos(end) - g * sin(end))
    }
    at <- end * (panel$node + 1) / 2
    sum(panel$weight * ifelse(at == 0, 1, sin(at) / at)) * end / 2
  }, 0)
  below <- function(x) sum(of_mu * (0.5 + sine_integral(pi * (x - mu) / step) / pi))
  quantile_of <- function(p) uniroot(function(x) below(x) - p, c(low, high), tol = 1e-13)$root
  mean_mu <- sum(of_mu * mu)
  mean_tau <- sum(of_tau * tau)
  tail <- (1 - conf_level) / 2
  list(method = "meta", k = length(profiles), estimate = mean_mu, std_error = sqrt(sum(of_mu * (mu - mean_mu)^2)), median = quantile_of(0.5),
       conf_low = quantile_of(tail), conf_high = quantile_of(1 - tail),
       tau = list(mean = mean_tau, sd = sqrt(sum(of_tau * (tau - mean_tau)^2))))
}
