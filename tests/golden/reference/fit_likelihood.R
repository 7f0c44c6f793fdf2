# SPDX-License-Identifier: Apache-2.0
# Result fields of MASS::glm.nb and polr, nnet::multinom, survival::clogit and survreg, and of Firth's and ridge
# regression.
#
# These R functions stop when the likelihood stands still, some of them (polr, multinom) five digits early, and polr
# differences its Hessian. So each model is fitted by the R function and then driven to the maximum by newton() below on
# the likelihood written out here, which must not move it further than the R function's own tolerance.
suppressPackageStartupMessages({
  library(MASS)
  library(nnet)
})

# Newton's iteration on list(value, score, information) to the last digit.
newton <- function(start, evaluate, steps = 100) {
  at <- start
  for (step in seq_len(steps)) {
    here <- evaluate(at)
    move <- solve(here$information, here$score, tol = 1e-30)
    error <- sqrt(diag(solve(here$information, tol = 1e-30)))
    at <- at + move
    if (max(abs(move) / error) < 1e-13) break
  }
  here <- evaluate(at)
  moved <- max(abs(solve(here$information, here$score, tol = 1e-30)) / error)
  if (!(moved < 1e-10)) stop("newton did not converge: ", moved)
  c(here, list(at = at))
}

close_to <- function(ours, theirs, tolerance, what) {
  off <- max(abs(ours - theirs) / (abs(ours) + 0.01))
  if (!(off < tolerance)) stop(what, " is ", off, " away from the R function's")
}

# The rows, design and offset as glm() would take them; rows of weight zero are left out of everything.
model_parts <- function(formula, data, weights = NULL) {
  text <- if (is.character(formula)) as.formula(formula) else formula
  data$prior_weight <- if (is.null(weights)) rep(1, nrow(data)) else data[[weights]]
  frame <- do.call(model.frame, list(text, data = data, weights = as.name("prior_weight"), drop.unused.levels = TRUE))
  x <- model.matrix(attr(frame, "terms"), frame)
  w <- model.weights(frame)
  offset <- model.offset(frame)
  list(x = x[w > 0, , drop = FALSE], y = model.response(frame), w = w[w > 0], used = w > 0, frame = frame,
       offset = (if (is.null(offset)) rep(0, nrow(x)) else offset)[w > 0],
       n_missing = length(attr(frame, "na.action")))
}

# Columns with mean 0 and sd 1 beside an intercept, and the matrix that takes their coefficients to those of x:
# the normal equations of x itself would lose digits.
standardised <- function(x) {
  free <- colnames(x) != "(Intercept)"
  center <- if (all(free)) rep(0, ncol(x)) else ifelse(free, colMeans(x), 0)
  spread <- apply(x, 2, function(column) sqrt(mean((column - (if (all(free)) 0 else mean(column)))^2)))
  spread[!free] <- 1
  back <- diag(1 / spread, ncol(x))
  if (!all(free)) back[1, free] <- -(center / spread)[free]
  list(x = sweep(sweep(x, 2, center), 2, spread, "/"), back = back)
}

# The same where `others` parameters stand after the coefficients.
with_others <- function(back, others) {
  whole <- diag(1, ncol(back) + others)
  whole[seq_len(ncol(back)), seq_len(ncol(back))] <- back
  whole
}

# --- negative binomial ------------------------------------------------------------------------------------------

link_parts <- function(link, eta) switch(link,
  log = list(mu = exp(eta), slope = exp(eta), curve = exp(eta)),
  identity = list(mu = eta, slope = rep(1, length(eta)), curve = rep(0, length(eta))),
  sqrt = list(mu = eta^2, slope = 2 * eta, curve = rep(2, length(eta))))

nb_deviance <- function(y, mu, w, theta) {
  2 * sum(w * (ifelse(y > 0, y * log(y / mu), 0) - (y + theta) * log((y + theta) / (mu + theta))))
}

# glm.nb()'s likelihood, which is the formula's where y is no whole number; dnbinom() has 0 there.
nb_log_density <- function(y, mu, theta) {
  formula <- lgamma(theta + y) - lgamma(theta) - lgamma(y + 1) + theta * log(theta) + y * log(mu + (y == 0)) - (theta + y) * log(theta + mu)
  ifelse(y == round(y), suppressWarnings(dnbinom(y, size = theta, mu = mu, log = TRUE)), formula)
}

nb_likelihood <- function(y, x, w, offset, link) function(at) {
  p <- ncol(x)
  theta <- at[p + 1]
  with(link_parts(link, drop(x %*% at[seq_len(p)]) + offset), {
    variance <- mu + mu^2 / theta
    s <- (y - mu) / variance
    ds <- curve * s - slope^2 * (variance + (y - mu) * (1 + 2 * mu / theta)) / variance^2  # d(slope * s)/d eta
    cross <- (y - mu) * slope / (theta + mu)^2
    d_theta <- digamma(theta + y) - digamma(theta) + log(theta) + 1 - log(theta + mu) - (y + theta) / (mu + theta)
    dd_theta <- trigamma(theta + y) - trigamma(theta) + 1 / theta - 2 / (mu + theta) + (y + theta) / (mu + theta)^2
    information <- -rbind(cbind(crossprod(x, w * ds * x), crossprod(x, w * cross)),
                          c(crossprod(x, w * cross), sum(w * dd_theta)))
    list(value = sum(w * nb_log_density(y, mu, theta)), mu = mu,
         score = c(crossprod(x, w * slope * s), sum(w * d_theta)), information = information,
         fisher = crossprod(x, w * slope^2 / variance * x), theta_information = -sum(w * dd_theta))
  })
}

nb_analysis <- function(name, formula, data, link = "log", weights = NULL, robust = NULL, conf_level = NULL) {
  parts <- model_parts(formula, data, weights)
  y <- parts$y[parts$used]
  call <- list(formula = as.formula(formula), data = data, link = as.name(link), control = glm.control(1e-12, 200))
  if (!is.null(weights)) call$weights <- as.name(weights)
  theirs <- suppressWarnings(do.call(glm.nb, call))
  kept <- !is.na(coef(theirs))
  x <- parts$x[, kept, drop = FALSE]
  start <- c(coef(theirs)[kept], theirs$theta)
  scaled <- standardised(x)
  back <- with_others(scaled$back, 1)
  fit <- newton(solve(back, start, tol = 1e-200), nb_likelihood(y, scaled$x, parts$w, parts$offset, link))
  p <- sum(kept)
  theta <- unname(fit$at[p + 1])
  fit$at <- drop(back %*% fit$at)
  fit$covariance <- scaled$back %*% solve(fit$fisher) %*% t(scaled$back)
  close_to(fit$at, start, 1e-4, paste(name, "glm.nb"))
  close_to(sqrt(diag(fit$covariance)), summary(theirs)$coefficients[, 2], 1e-3, paste(name, "std_error"))
  close_to(1 / sqrt(fit$theta_information), theirs$SE.theta, 1e-3, paste(name, "SE.theta"))
  close_to(2 * fit$value, theirs$twologlik, 1e-6, paste(name, "twologlik"))
  estimate <- rep(NA_real_, length(kept))
  estimate[kept] <- fit$at[seq_len(p)]
  covariance <- fit$covariance
  if (!is.null(robust)) {
    s <- with(link_parts(link, drop(x %*% fit$at[seq_len(p)]) + parts$offset), parts$w * slope * (y - mu) / (mu + mu^2 / theta))
    covariance <- covariance %*% crossprod(x * s) %*% covariance
    if (robust == "HC0") close_to(covariance, sandwich::vcovHC(theirs, type = "HC0"), 1e-3, paste(name, "sandwich"))
  }
  null_mu <- nb_null_mean(y, parts$w, parts$offset, theta, link)
  level <- if (is.null(conf_level)) 0.95 else conf_level
  study <- list(name = name, method = "glm", formula = formula, family = "negative_binomial")
  if (link != "log") study$link <- link
  for (key in c("weights", "robust", "conf_level")) study[[key]] <- get(key)
  n <- length(y)
  list(study = study, expected = list(
    method = "glm", n = n, n_missing = parts$n_missing, converged = TRUE,
    terms = wald_terms(colnames(parts$x), estimate, covariance, NULL, level),
    vcov = full_matrix(colnames(parts$x), estimate, covariance), theta = theta, se_theta = 1 / sqrt(fit$theta_information),
    deviance = nb_deviance(y, fit$mu, parts$w, theta), null_deviance = nb_deviance(y, null_mu, parts$w, theta),
    df_residual = n - p, df_null = n - 1, dispersion = 1, log_lik = fit$value, aic = -2 * fit$value + 2 * (p + 1),
    bic = -2 * fit$value + log(n) * (p + 1)))
}

# The model of an intercept beside the offset, at a given theta.
nb_null_mean <- function(y, w, offset, theta, link) {
  if (all(offset == 0)) return(rep(sum(w * y) / sum(w), length(y)))
  family <- do.call(negative.binomial, list(theta = theta, link = link))
  b <- family$linkfun(sum(w * y) / sum(w)) - sum(w * offset) / sum(w)
  for (step in 1:200) {
    parts <- link_parts(link, b + offset)
    variance <- parts$mu + parts$mu^2 / theta
    b <- b + sum(w * parts$slope * (y - parts$mu) / variance) / sum(w * parts$slope^2 / variance)
  }
  link_parts(link, b + offset)$mu
}

# --- Firth and ridge --------------------------------------------------------------------------------------------

binomial_parts <- function(parts) {
  y <- parts$y
  if (is.matrix(y)) {
    trials <- rowSums(y)[parts$used]
    return(list(y = ifelse(trials > 0, y[parts$used, 1] / trials, 0), w = trials * parts$w, trials = trials))
  }
  if (is.factor(y)) y <- as.numeric(y != levels(y)[1])
  list(y = y[parts$used], w = parts$w, trials = rep(1, sum(parts$used)))
}

binomial_log_lik <- function(response, mu) {
  size <- ifelse(response$trials > 1, response$trials, response$w)
  sum(response$w / size * dbinom(round(size * response$y), round(size), mu, log = TRUE))
}

# D. Firth, Biometrika 80 (1993); G. Heinze and M. Schemper, Stat. Med. 21 (2002): modified scores, started at 0.
firth_fit <- function(x, response, offset) {
  b <- rep(0, ncol(x))
  w <- response$w
  for (step in 1:2000) {
    mu <- plogis(drop(x %*% b) + offset)
    working <- w * mu * (1 - mu)
    inverse <- solve(crossprod(x, working * x), tol = 1e-30)
    h <- working * rowSums((x %*% inverse) * x)
    score <- drop(crossprod(x, w * (response$y - mu) + h * (0.5 - mu)))
    augmented <- solve(crossprod(x, (w + h) * mu * (1 - mu) * x), tol = 1e-30)
    move <- drop(augmented %*% score)
    largest <- max(abs(x %*% move))
    if (largest > 3) move <- move * 3 / largest
    b <- b + move
    if (max(abs(move) / sqrt(diag(inverse))) < 1e-14) break
  }
  if (step == 2000 && max(abs(move) / sqrt(diag(inverse))) > 1e-11) stop("firth did not converge")
  mu <- plogis(drop(x %*% b) + offset)
  information <- crossprod(x, w * mu * (1 - mu) * x)
  list(at = b, mu = mu, covariance = solve(information, tol = 1e-30),
       half_log_determinant = as.numeric(determinant(information)$modulus) / 2)
}

firth_analysis <- function(name, formula, data, weights = NULL, conf_level = NULL, compare = TRUE) {
  parts <- model_parts(formula, data, weights)
  response <- binomial_parts(parts)
  kept <- seq_len(ncol(parts$x)) %in% qr(parts$x)$pivot[seq_len(qr(parts$x)$rank)]
  scaled <- standardised(parts$x[, kept, drop = FALSE])
  fit <- firth_fit(scaled$x, response, parts$offset)
  fit$at <- drop(scaled$back %*% fit$at)
  fit$covariance <- scaled$back %*% fit$covariance %*% t(scaled$back)
  fit$half_log_determinant <- fit$half_log_determinant - sum(log(abs(diag(scaled$back))))
  if (compare) {
    theirs <- suppressWarnings(glm(as.formula(formula), binomial, data, weights = if (is.null(weights)) NULL else data[[weights]],
                                   method = brglm2::brglmFit, type = "AS_mean", epsilon = 1e-12, maxit = 2000))
    close_to(fit$at, coef(theirs)[kept], 1e-8, paste(name, "brglm2"))
    close_to(sqrt(diag(fit$covariance)), summary(theirs)$coefficients[, 2], 1e-7, paste(name, "brglm2's std_error"))
  }
  estimate <- rep(NA_real_, length(kept))
  estimate[kept] <- fit$at
  study <- list(name = name, method = "glm", formula = formula, family = "binomial", firth = TRUE)
  for (key in c("weights", "conf_level")) study[[key]] <- get(key)
  log_lik <- binomial_log_lik(response, fit$mu) + fit$half_log_determinant
  n <- sum(response$w > 0)
  list(study = study, expected = list(
    method = "glm", n = n, n_missing = parts$n_missing, converged = TRUE,
    terms = wald_terms(colnames(parts$x), estimate, fit$covariance, NULL, if (is.null(conf_level)) 0.95 else conf_level),
    vcov = full_matrix(colnames(parts$x), estimate, fit$covariance),
    deviance = sum(binomial()$dev.resids(response$y, fit$mu, response$w)), df_residual = n - sum(kept), dispersion = 1,
    log_lik = log_lik, aic = -2 * log_lik + 2 * sum(kept)))
}

# Minimises deviance / 2 + lambda / 2 * sum of squared coefficients, the intercept left out.
ridge_analysis <- function(name, formula, data, lambda, family = "gaussian", link = NULL, weights = NULL) {
  parts <- model_parts(formula, data, weights)
  kind <- family_of(family, link)
  response <- if (family == "binomial") binomial_parts(parts) else list(y = parts$y[parts$used], w = parts$w)
  x <- parts$x
  penalty <- diag(lambda * (colnames(x) != "(Intercept)"), ncol(x))
  start <- if (family == "binomial") (response$w * response$y + 0.5) / (response$w + 1) else
    if (family == "poisson") response$y + 0.1 else response$y
  eta <- kind$linkfun(start)
  best <- Inf
  for (step in 1:3000) {  # weighted least squares on the penalised normal equations
    mu <- kind$linkinv(eta)
    slope <- kind$mu.eta(eta)
    working <- response$w * slope^2 / kind$variance(mu)
    z <- eta - parts$offset + (response$y - mu) / slope
    b <- drop(solve(crossprod(x, working * x) + penalty, crossprod(x, working * z), tol = 1e-30))
    before <- eta
    eta <- drop(x %*% b) + parts$offset
    if (max(abs(eta - before)) < 1e-15 * max(abs(eta))) break
  }
  mu <- kind$linkinv(eta)
  working <- response$w * kind$mu.eta(eta)^2 / kind$variance(mu)
  score <- crossprod(x, response$w * kind$mu.eta(eta) * (response$y - mu) / kind$variance(mu)) - penalty %*% b
  bread <- solve(crossprod(x, working * x) + penalty, tol = 1e-30)
  if (max(abs(bread %*% score) / sqrt(diag(bread))) > 1e-10) stop(name, ": ridge did not converge")
  n <- sum(response$w > 0)
  free <- family %in% c("gaussian", "Gamma")
  dispersion <- if (free) sum(response$w * (response$y - mu)^2 / kind$variance(mu)) / (n - ncol(x)) else 1
  study <- list(name = name, method = "glm", formula = formula, family = family, ridge = lambda)
  for (key in c("link", "weights")) study[[key]] <- get(key)
  deviance <- sum(kind$dev.resids(response$y, mu, response$w))
  list(study = study, expected = list(
    method = "glm", n = n, n_missing = parts$n_missing, converged = TRUE,
    terms = wald_terms(colnames(x), b, dispersion * bread, if (free) n - ncol(x) else NULL, 0.95),
    vcov = full_matrix(colnames(x), b, dispersion * bread), deviance = deviance, df_residual = n - ncol(x),
    dispersion = dispersion, effective_df = sum(diag(bread %*% crossprod(x, working * x)))))
}
