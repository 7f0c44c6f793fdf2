# SPDX-License-Identifier: Apache-2.0
# Result fields of MASS::polr, nnet::multinom, survival::clogit and survreg; newton() is in fit_likelihood.R.

# --- ordinal ----------------------------------------------------------------------------------------------------

distribution_parts <- function(link) switch(link,
  logit = list(F = plogis, f = dlogis, g = function(x) dlogis(x) * (1 - 2 * plogis(x))),
  probit = list(F = pnorm, f = dnorm, g = function(x) -x * dnorm(x)),
  cauchit = list(F = pcauchy, f = dcauchy, g = function(x) -2 * x / (1 + x^2) * dcauchy(x)),
  loglog = list(F = function(x) exp(-exp(-x)), f = function(x) exp(-x - exp(-x)),
                g = function(x) exp(-x - exp(-x)) * (exp(-x) - 1)),
  cloglog = list(F = function(x) -expm1(-exp(x)), f = function(x) exp(x - exp(x)),
                 g = function(x) exp(x - exp(x)) * (1 - exp(x))))

finite_or_zero <- function(f, x) ifelse(is.finite(x), f(ifelse(is.finite(x), x, 0)), 0)

# at = coefficients, then thresholds: P(level <= k) = F(threshold_k - eta).
ordinal_likelihood <- function(level, x, w, offset, link) function(at) {
  q <- ncol(x)
  k <- max(level) - 1
  zeta <- c(-Inf, at[q + seq_len(k)], Inf)
  eta <- drop(x %*% at[seq_len(q)]) + offset
  d <- distribution_parts(link)
  u <- zeta[level + 1] - eta
  l <- zeta[level] - eta
  upper_tail <- function(x) switch(link, logit = plogis(-x), probit = pnorm(-x), cauchit = pcauchy(-x),
                                   loglog = -expm1(-exp(-x)), cloglog = exp(-exp(x)))
  P <- ifelse(l > 0, upper_tail(l) - upper_tail(u), d$F(u) - d$F(l))
  fu <- finite_or_zero(d$f, u) / P
  fl <- finite_or_zero(d$f, l) / P
  gu <- finite_or_zero(d$g, u) / P
  gl <- finite_or_zero(d$g, l) / P
  # Indicator columns of the threshold above and below each row.
  above <- outer(level, seq_len(k), `==`) + 0
  below <- outer(level - 1, seq_len(k), `==`) + 0
  jacobian <- cbind(-x * (fu - fl), above * fu - below * fl)  # of ln P
  hessian_of_p <- rbind(
    cbind(crossprod(x, w * (gu - gl) * x), -crossprod(x, w * (above * gu - below * gl))),
    cbind(-t(crossprod(x, w * (above * gu - below * gl))),
          crossprod(above, w * gu * above) - crossprod(below, w * gl * below)))
  list(value = sum(w * log(P)), score = drop(crossprod(jacobian, w)),
       information = crossprod(jacobian, w * jacobian) - hessian_of_p)
}

ordinal_analysis <- function(name, formula, data, link = "logit", weights = NULL, conf_level = NULL) {
  parts <- model_parts(formula, data, weights)
  y <- factor(parts$y)
  level <- as.integer(y)[parts$used]
  x <- parts$x[, -1, drop = FALSE]
  kept <- seq_len(ncol(parts$x)) %in% qr(parts$x)$pivot[seq_len(qr(parts$x)$rank)]
  kept <- kept[-1]
  in_r <- sub("^ *([A-Za-z_.]+) *~", "factor(\\1) ~", formula)
  data$prior_weight <- if (is.null(weights)) rep(1, nrow(data)) else data[[weights]]
  # polr() does not always find a place to begin; clm() does.
  call <- list(as.formula(in_r), data = data, weights = as.name("prior_weight"), link = link,
               control = ordinal::clm.control(gradTol = 1e-10))
  other <- suppressWarnings(do.call(ordinal::clm, call))
  call <- list(as.formula(in_r), data = data, weights = as.name("prior_weight"), Hess = TRUE,
               method = if (link == "logit") "logistic" else link)
  if (all(kept)) call$start <- c(other$beta, other$alpha)  # it drops collinear columns only without
  theirs <- suppressWarnings(do.call(polr, call))
  start <- c(other$beta[!is.na(other$beta)], other$alpha)
  scaled <- standardised(parts$x[, c(TRUE, kept), drop = FALSE])
  back <- with_others(scaled$back[-1, -1, drop = FALSE], length(theirs$zeta))
  back[sum(kept) + seq_along(theirs$zeta), seq_len(sum(kept))] <- -rep(scaled$back[1, -1], each = length(theirs$zeta))
  fit <- newton(drop(solve(back, start, tol = 1e-200)), ordinal_likelihood(level, scaled$x[, -1, drop = FALSE], parts$w, parts$offset, link))
  fit$at <- drop(back %*% fit$at)
  covariance <- back %*% solve(fit$information) %*% t(back)
  # Beyond its last threshold polr() takes Cauchy's distribution at 100, where 0.3 % of it are still to come, and clm()
  # at 1e5.
  if (link != "cauchit") close_to(fit$value, as.numeric(logLik(theirs)), 1e-5, paste(name, "polr's log_lik"))
  if (link != "cauchit" && max(abs(x)) < 1000) close_to(sqrt(diag(covariance)), sqrt(diag(vcov(theirs))), 5e-2, paste(name, "polr's std_error"))
  close_to(fit$at, c(other$beta[!is.na(other$beta)], other$alpha), if (link == "cauchit") 1e-4 else 1e-7, paste(name, "clm"))
  close_to(fit$value, as.numeric(logLik(other)), if (link == "cauchit") 1e-4 else 1e-10, paste(name, "clm's log_lik"))
  estimate <- rep(NA_real_, length(kept))
  estimate[kept] <- fit$at[seq_len(sum(kept))]
  zeta <- unname(fit$at[-seq_len(sum(kept))])
  if (sum(kept) == 0) zeta <- unname(fit$at)
  conf <- if (is.null(conf_level)) 0.95 else conf_level
  of_zeta <- sum(kept) + seq_along(zeta)
  names_of_zeta <- paste(levels(y)[-nlevels(y)], levels(y)[-1], sep = "|")
  names <- c(colnames(x), names_of_zeta)
  study <- list(name = name, method = "ordinal", formula = formula)
  if (link != "logit") study$link <- link
  for (key in c("weights", "conf_level")) study[[key]] <- get(key)
  edf <- length(fit$at)
  list(study = study, expected = list(
    method = "ordinal", n = sum(parts$used), n_missing = parts$n_missing, converged = TRUE, levels = vector_of(levels(y)),
    terms = wald_terms(colnames(x), estimate, covariance[-of_zeta, -of_zeta, drop = FALSE], NULL, conf),
    thresholds = wald_terms(names_of_zeta, zeta, covariance[of_zeta, of_zeta, drop = FALSE], NULL, conf),
    vcov = full_matrix(names, c(estimate, zeta), covariance), log_lik = fit$value, deviance = -2 * fit$value,
    aic = -2 * fit$value + 2 * edf, bic = -2 * fit$value + log(sum(parts$w)) * edf, edf = edf,
    df_residual = sum(parts$w) - edf))
}

# --- multinomial ------------------------------------------------------------------------------------------------

# at = coefficients level by level.
multinomial_likelihood <- function(level, x, w) function(at) {
  p <- ncol(x)
  k <- max(level) - 1
  eta <- cbind(0, x %*% matrix(at, p, k))
  largest <- apply(eta, 1, max)
  total <- largest + log(rowSums(exp(eta - largest)))
  probability <- exp(eta - total)[, -1, drop = FALSE]
  hit <- outer(level - 1, seq_len(k), `==`)
  information <- matrix(0, p * k, p * k)
  for (a in seq_len(k)) for (b in seq_len(k)) {
    information[(a - 1) * p + seq_len(p), (b - 1) * p + seq_len(p)] <-
      crossprod(x, w * probability[, a] * ((a == b) - probability[, b]) * x)
  }
  list(value = sum(w * (eta[cbind(seq_along(level), level)] - total)),
       score = as.vector(crossprod(x, w * (hit - probability))), information = information)
}

# multinom() does not find the maximum over columns of the order of 1e-12 and 1e12: it is given those of `units` times the
# number there, which leaves the likelihood as it is.
multinomial_analysis <- function(name, formula, data, weights = NULL, conf_level = NULL, units = list()) {
  parts <- model_parts(formula, data, weights)
  y <- factor(parts$y)
  level <- as.integer(y)[parts$used]
  kept <- seq_len(ncol(parts$x)) %in% qr(parts$x)$pivot[seq_len(qr(parts$x)$rank)]
  x <- parts$x[, kept, drop = FALSE]
  scaled <- standardised(x)
  fit <- newton(rep(0, ncol(x) * (nlevels(y) - 1)), multinomial_likelihood(level, scaled$x, parts$w))
  back <- kronecker(diag(nlevels(y) - 1), scaled$back)
  fit$at <- drop(back %*% fit$at)
  covariance <- back %*% solve(fit$information) %*% t(back)
  in_r <- sub("^ *([A-Za-z_.]+) *~", "factor(\\1) ~", formula)
  data$prior_weight <- if (is.null(weights)) rep(1, nrow(data)) else data[[weights]]
  for (column in names(units)) data[[column]] <- data[[column]] * units[[column]]
  theirs <- do.call(multinom, list(as.formula(in_r), data = data, weights = as.name("prior_weight"), trace = FALSE,
                                   maxit = 2000, reltol = 1e-15, abstol = 1e-12, Hess = TRUE))
  close_to(fit$value, as.numeric(logLik(theirs)), 1e-4, paste(name, "multinom's log_lik"))
  if (all(kept) && length(units) == 0) {
    coefficients <- as.vector(t(rbind(coef(theirs))))
    if (max(abs(x)) < 1000) close_to(fit$at, coefficients, 2e-2, paste(name, "multinom"))
    # summary.multinom's errors come from a plain inverse that badly scaled columns defeat.
    if (max(abs(x)) < 100) close_to(sqrt(diag(covariance)), as.vector(t(rbind(summary(theirs)$standard.errors))), 1e-2, paste(name, "std_error"))
  }
  k <- nlevels(y) - 1
  everywhere <- rep(kept, k)
  estimate <- rep(NA_real_, length(everywhere))
  estimate[everywhere] <- fit$at
  terms <- wald_terms(rep(colnames(parts$x), k), estimate, covariance, NULL, if (is.null(conf_level)) 0.95 else conf_level)
  of_level <- rep(levels(y)[-1], each = ncol(parts$x))
  terms <- mapply(function(term, level) c(list(y_level = level), term), terms, of_level, SIMPLIFY = FALSE, USE.NAMES = FALSE)
  study <- list(name = name, method = "multinomial", formula = formula)
  for (key in c("weights", "conf_level")) study[[key]] <- get(key)
  list(study = study, expected = list(
    method = "multinomial", n = sum(parts$used), n_missing = parts$n_missing, converged = TRUE, levels = vector_of(levels(y)),
    terms = terms, vcov = full_matrix(paste(of_level, colnames(parts$x), sep = ":"), estimate, covariance),
    log_lik = fit$value, deviance = -2 * fit$value, aic = -2 * fit$value + 2 * length(fit$at), edf = length(fit$at)))
}

# --- matched sets -----------------------------------------------------------------------------------------------

# `set` names the sets, unique over sites. clogit() has its own tolerance; starting again takes the last digits.
conditional_analysis <- function(name, formula, data, set = "set", ties = NULL, conf_level = NULL, weights = NULL) {
  method <- if (is.null(ties)) "exact" else ties
  in_r <- paste0(formula, " + strata(", set, ")")
  response <- sub("~.*", "", in_r)
  data$one <- 1
  text <- paste0("Surv(one, ", trimws(response), ") ~ ", sub(".*~", "", in_r))
  control <- coxph.control(eps = 1e-14, toler.chol = 1e-12, iter.max = 100)
  call <- list(as.formula(text), data = data, method = method, control = control)
  # Model-based errors, also where weights are not whole numbers.
  if (!is.null(weights)) call <- c(call, list(weights = data[[weights]], robust = FALSE))
  first <- suppressWarnings(do.call(coxph, call))
  fit <- first
  for (again in 1:3) {
    before <- coef(fit)
    call$init <- ifelse(is.na(before), 0, before)
    fit <- suppressWarnings(do.call(coxph, call))
  }
  moved <- max(abs(coef(fit) - before) / sqrt(diag(as.matrix(fit$var))), na.rm = TRUE)
  if (!(moved < 1e-11)) stop(name, ": clogit did not converge: ", moved)
  estimate <- coef(fit)
  covariance <- vcov(fit, complete = FALSE)
  terms <- wald_terms(names(estimate), unname(estimate), covariance, NULL, if (is.null(conf_level)) 0.95 else conf_level)
  terms <- lapply(terms, function(term) append(term, list(odds_ratio = exp(term$estimate)), 2))
  study <- list(name = name, method = "conditional_logistic", formula = in_r)
  for (key in c("ties", "conf_level", "weights")) study[[key]] <- get(key)
  rank <- sum(!is.na(estimate))
  list(study = study, expected = list(
    method = "conditional_logistic", n = fit$n, n_missing = length(fit$na.action), n_events = fit$nevent, converged = TRUE,
    terms = terms, vcov = full_matrix(names(estimate), estimate, covariance), log_lik_null = first$loglik[1],
    log_lik = fit$loglik[2], aic = -2 * fit$loglik[2] + 2 * rank, bic = -2 * fit$loglik[2] + log(fit$nevent) * rank))
}

# --- accelerated failure time -----------------------------------------------------------------------------------

error_parts <- function(distribution) {
  extreme <- list(
    density = function(z) list(value = z - exp(z), first = 1 - exp(z), second = -exp(z)),
    survival = function(z) list(value = -exp(z), first = -exp(z), second = -exp(z)))
  hazard <- function(z) exp(dnorm(z, log = TRUE) - pnorm(-z, log.p = TRUE))
  switch(distribution, weibull = extreme, exponential = extreme,
    lognormal = list(
      density = function(z) list(value = dnorm(z, log = TRUE), first = -z, second = rep(-1, length(z))),
      survival = function(z) list(value = pnorm(-z, log.p = TRUE), first = -hazard(z), second = -hazard(z) * (hazard(z) - z))),
    loglogistic = list(
      density = function(z) list(value = dlogis(z, log = TRUE), first = 1 - 2 * plogis(z), second = -2 * dlogis(z)),
      survival = function(z) list(value = plogis(-z, log.p = TRUE), first = -plogis(z), second = -dlogis(z))))
}

# at = coefficients, then ln scale unless it is fixed at 0.
failure_likelihood <- function(time, event, x, w, offset, distribution) function(at) {
  p <- ncol(x)
  fixed <- distribution == "exponential"
  scale <- if (fixed) 1 else exp(at[p + 1])
  z <- (log(time) - offset - drop(x %*% at[seq_len(p)])) / scale
  d <- error_parts(distribution)
  of <- mapply(function(a, b) ifelse(event == 1, a, b), d$density(z), d$survival(z), SIMPLIFY = FALSE)
  value <- sum(w * (of$value - ifelse(event == 1, log(scale) + log(time), 0)))
  score <- drop(crossprod(x, -w * of$first / scale))
  information <- crossprod(x, -w * of$second / scale^2 * x)
  if (!fixed) {
    score <- c(score, sum(w * (-z * of$first - event)))
    cross <- crossprod(x, -w * (of$first + z * of$second) / scale)
    information <- rbind(cbind(information, cross), c(cross, sum(-w * (z * of$first + z^2 * of$second))))
  }
  list(value = value, score = score, information = information)
}

failure_analysis <- function(name, formula, data, distribution = NULL, weights = NULL, conf_level = NULL) {
  kind <- if (is.null(distribution)) "weibull" else distribution
  parts <- model_parts(formula, data, weights)
  response <- parts$y[parts$used, , drop = FALSE]
  kept <- seq_len(ncol(parts$x)) %in% qr(parts$x)$pivot[seq_len(qr(parts$x)$rank)]
  data$prior_weight <- if (is.null(weights)) rep(1, nrow(data)) else data[[weights]]
  # survreg() does not take weights of zero and keeps columns of levels that never occur.
  theirs <- do.call(survreg, list(as.formula(formula), data = droplevels(data[data$prior_weight > 0, ]), weights = as.name("prior_weight"),
                                  dist = kind, control = survreg.control(rel.tolerance = 1e-12, maxiter = 200)))
  estimates <- coef(theirs)[kept]
  start <- c(estimates, if (kind != "exponential") log(theirs$scale))
  x <- parts$x[, kept, drop = FALSE]
  scaled <- standardised(x)
  back <- with_others(scaled$back, length(start) - ncol(x))
  fit <- newton(solve(back, start, tol = 1e-200),
                failure_likelihood(response[, 1], response[, 2], scaled$x, parts$w, parts$offset, kind))
  fit$at <- drop(back %*% fit$at)
  covariance <- back %*% solve(fit$information) %*% t(back)
  close_to(fit$at, start, 1e-6, paste(name, "survreg"))
  close_to(fit$value, theirs$loglik[2], 1e-9, paste(name, "survreg's log_lik"))
  if (all(kept)) close_to(sqrt(diag(covariance)), sqrt(diag(theirs$var)), 1e-5, paste(name, "survreg's std_error"))
  names <- c(colnames(parts$x), if (kind != "exponential") "Log(scale)")
  everywhere <- c(kept, if (kind != "exponential") TRUE)
  estimate <- rep(NA_real_, length(everywhere))
  estimate[everywhere] <- fit$at
  study <- list(name = name, method = "aft", formula = formula)
  for (key in c("distribution", "weights", "conf_level")) study[[key]] <- get(key)
  n <- nrow(response)
  df <- length(fit$at)
  list(study = study, expected = list(
    method = "aft", n = n, n_missing = parts$n_missing, n_events = sum(response[, 2]), converged = TRUE,
    terms = wald_terms(names, estimate, covariance, NULL, if (is.null(conf_level)) 0.95 else conf_level),
    vcov = full_matrix(names, estimate, covariance),
    scale = if (kind == "exponential") 1 else exp(unname(fit$at[df])), log_lik = fit$value,
    aic = -2 * fit$value + 2 * df, bic = -2 * fit$value + log(n) * df, df_residual = n - df))
}

# --- the same with left truncation, which survreg() has not -----------------------------------------------------

# What a person adds is divided by the survival at her entry; entries at 0 divide by 1.
truncated_likelihood <- function(entry, time, event, x, w, offset, distribution) {
  late <- entry > 0
  all <- failure_likelihood(time, event, x, w, offset, distribution)
  before <- failure_likelihood(entry[late], 0 * entry[late], x[late, , drop = FALSE], w[late], offset[late], distribution)
  function(at) mapply(`-`, all(at), before(at), SIMPLIFY = FALSE)
}

# Maximised by optim() and then newton(). For the exponential distribution glm() knows the answer: a Poisson model of the
# events with the logarithm of the time under observation as offset.
truncated_failure_analysis <- function(name, formula, data, distribution, weights = NULL) {
  parts <- model_parts(formula, data, weights)
  response <- parts$y[parts$used, , drop = FALSE]
  scaled <- standardised(parts$x)
  more <- if (distribution == "exponential") 0 else 1
  back <- with_others(scaled$back, more)
  likelihood <- truncated_likelihood(response[, 1], response[, 2], response[, 3], scaled$x, parts$w, parts$offset, distribution)
  start <- c(mean(log(response[, 2])), rep(0, ncol(parts$x) - 1 + more))
  near <- optim(start, function(at) -likelihood(at)$value, function(at) -likelihood(at)$score, method = "BFGS",
                control = list(reltol = 1e-15, maxit = 1000))
  fit <- newton(near$par, likelihood)
  close_to(fit$value, -near$value, 1e-9, paste(name, "optim's log_lik"))
  fit$at <- drop(back %*% fit$at)
  covariance <- back %*% solve(fit$information) %*% t(back)
  if (distribution == "exponential") {
    poisson <- glm.fit(parts$x, response[, 3], weights = parts$w, family = poisson(), control = glm.control(1e-14, 100),
                       offset = log(response[, 2] - response[, 1]) - parts$offset)
    close_to(fit$at, -poisson$coefficients, 1e-7, paste(name, "glm"))
  }
  names <- c(colnames(parts$x), if (more == 1) "Log(scale)")
  study <- list(name = name, method = "aft", formula = formula, distribution = distribution)
  if (!is.null(weights)) study$weights <- weights
  n <- nrow(response)
  df <- length(fit$at)
  list(study = study, expected = list(
    method = "aft", n = n, n_missing = parts$n_missing, n_events = sum(response[, 3]), converged = TRUE,
    terms = wald_terms(names, fit$at, covariance, NULL, 0.95), vcov = full_matrix(names, fit$at, covariance),
    scale = if (more == 0) 1 else exp(unname(fit$at[df])), log_lik = fit$value,
    aic = -2 * fit$value + 2 * df, bic = -2 * fit$value + log(n) * df, df_residual = n - df))
}
