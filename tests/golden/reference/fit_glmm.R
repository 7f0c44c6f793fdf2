# SPDX-License-Identifier: Apache-2.0
# lme4's generalised linear mixed models with one random intercept driven to full convergence.
#
# glmer() stops when the deviance stands still and differentiates it by finite differences for its errors. Here the
# same adaptive Gauss-Hermite sum is written out cluster by cluster on complex numbers: its gradient is then exact
# (complex step), its root is found by Newton's method, and the Hessian comes from differences of that gradient.

gauss_hermite <- function(n) {
  if (n == 1) return(list(node = 0, lifted = sqrt(pi)))
  off <- sqrt(seq_len(n - 1) / 2)
  jacobi <- matrix(0, n, n)
  jacobi[cbind(1:(n - 1), 2:n)] <- jacobi[cbind(2:n, 1:(n - 1))] <- off
  parts <- eigen(jacobi, symmetric = TRUE)
  list(node = parts$values, lifted = sqrt(pi) * parts$vectors[1, ]^2 * exp(parts$values^2))
}

# ln of the marginal likelihood; par is (beta, tau) and may be complex.
agq_log_likelihood <- function(par, x, y, trials, offset, groups, family, rule, w = rep(1, length(y))) {
  tau <- par[length(par)]
  eta <- drop(x %*% par[-length(par)]) + offset
  binomial <- family == "binomial"
  density <- function(eta, rows) {
    sum(w[rows] * (if (binomial) y[rows] * eta - trials[rows] * log(1 + exp(eta)) else y[rows] * eta - exp(eta)))
  }
  mean_of <- function(eta, rows) if (binomial) trials[rows] / (1 + exp(-eta)) else exp(eta)
  spread_of <- function(mu, rows) w[rows] * (if (binomial) mu * (1 - mu / trials[rows]) else mu)
  constant <- sum(w * (if (binomial) lchoose(trials, y) else -lgamma(y + 1)))
  sum(vapply(groups, function(rows) {
    v <- 0 + 0i
    for (iteration in 1:200) {
      mu <- mean_of(eta[rows] + tau * v, rows)
      curvature <- 1 + tau^2 * sum(spread_of(mu, rows))
      step <- (tau * sum(w[rows] * (y[rows] - mu)) - v) / curvature
      if (Mod(step) > 1) step <- step / Mod(step)
      v <- v + step
      if (Mod(step) < 1e-15 && abs(Im(step)) <= 1e-15 * abs(Im(v))) break
    }
    curvature <- 1 + tau^2 * sum(spread_of(mean_of(eta[rows] + tau * v, rows), rows))
    s <- 1 / sqrt(curvature)
    height <- vapply(rule$node, function(t) {
      at <- v + sqrt(2) * s * t
      density(eta[rows] + tau * at, rows) - at^2 / 2
    }, 0i)
    highest <- max(Re(height))
    log(s) + highest + log(sum(rule$lifted * exp(height - highest))) - log(pi) / 2
  }, 0i)) + constant
}

polished_glmm <- function(formula, data, family, nodes, weights = NULL) {
  w <- if (is.null(weights)) rep(1, nrow(data)) else data[[weights]]
  fit <- suppressMessages(suppressWarnings(do.call(glmer, list(formula, data, family, nAGQ = nodes, weights = if (!is.null(weights)) w))))
  x <- getME(fit, "X")
  shape <- well_shaped(x)
  response <- model.response(fit@frame)
  counts <- is.matrix(response)
  y <- if (counts) response[, 1] else as.numeric(getME(fit, "y"))
  trials <- if (counts) rowSums(response) else rep(1, length(y))
  groups <- split(seq_along(y), getME(fit, "flist")[[1]])
  rule <- gauss_hermite(nodes)
  value <- function(par) agq_log_likelihood(par, x %*% shape, y, trials, getME(fit, "offset"), groups, family, rule, w[as.integer(rownames(fit@frame))])
  gradient <- function(par) {
    vapply(seq_along(par), function(j) Im(value(par + replace(complex(length(par)), j, 1e-20i))) / 1e-20, 0)
  }
  par <- c(solve(shape, fixef(fit)), getME(fit, "theta"))
  for (iteration in 1:30) {
    hessian <- numDeriv::jacobian(gradient, par)
    step <- solve(hessian, gradient(par))
    par <- par - step
    if (max(abs(step)) < 1e-13) break
  }
  hessian <- numDeriv::jacobian(gradient, par)
  p <- ncol(x)
  covariance <- solve(-(hessian + t(hessian)) / 2)[seq_len(p), seq_len(p), drop = FALSE]
  beta <- setNames(drop(shape %*% par[seq_len(p)]), colnames(x))
  covariance <- shape %*% covariance %*% t(shape)
  stopifnot(max(abs(beta - fixef(fit)) / sqrt(diag(covariance))) < 1e-2, abs(par[p + 1] - getME(fit, "theta")) < 1e-2)
  if (nodes == 1) stopifnot(abs(Re(value(par)) - as.numeric(logLik(fit))) < 1e-3)
  list(fit = fit, beta = beta, tau = unname(par[p + 1]), covariance = covariance, log_lik = Re(value(par + 0i)))
}

glmm_analysis <- function(name, formula, data, family, quadrature = NULL, weights = NULL) {
  best <- polished_glmm(as.formula(formula), data, family, if (is.null(quadrature)) 25 else quadrature, weights)
  fit <- best$fit
  parameters <- length(best$beta) + 1
  study <- list(name = name, method = "mixed", formula = formula, family = family)
  if (!is.null(quadrature)) study$quadrature <- quadrature
  if (!is.null(weights)) study$weights <- weights
  list(study = study, expected = list(method = "mixed", n = nobs(fit), n_missing = length(attr(fit@frame, "na.action")),
    converged = TRUE, terms = wald_terms(names(best$beta), unname(best$beta), best$covariance, NULL, 0.95),
    variance_components = list(list(group = names(getME(fit, "cnms")), term = "(Intercept)", variance = best$tau^2, sd = best$tau)),
    log_lik = best$log_lik, aic = -2 * best$log_lik + 2 * parameters,
    bic = -2 * best$log_lik + log(nobs(fit)) * parameters))
}

# --- several effects per cluster, by Laplace's approximation ----------------------------------------------------

log_determinant <- function(h) {  # complex, positive definite in its real part
  sum <- 0i
  for (m in seq_len(nrow(h))) {
    sum <- sum + log(h[m, m])
    if (m < nrow(h)) {
      rest <- (m + 1):nrow(h)
      h[rest, rest] <- h[rest, rest] - outer(h[rest, m], h[m, rest]) / h[m, m]
    }
  }
  sum
}

# par is (beta, the entries of L by rows) and may be complex; z has the effects' columns.
laplace_log_likelihood <- function(par, x, z, y, trials, w, offset, groups, family) {
  q <- ncol(z)
  p <- ncol(x)
  l <- matrix(0i, q, q)
  l[upper.tri(l, TRUE)] <- par[-seq_len(p)]  # by columns of L', that is by rows of L
  l <- t(l)
  eta <- drop(x %*% par[seq_len(p)]) + offset
  binomial <- family == "binomial"
  constant <- sum(w * (if (binomial) lchoose(trials, y) else -lgamma(y + 1)))
  sum(vapply(groups, function(rows) {
    pull <- z[rows, , drop = FALSE] %*% l
    v <- rep(0i, q)
    for (iteration in 1:200) {
      at <- eta[rows] + drop(pull %*% v)
      mu <- if (binomial) trials[rows] / (1 + exp(-at)) else exp(at)
      spread <- w[rows] * (if (binomial) mu * (1 - mu / trials[rows]) else mu)
      h <- diag(q) + t(pull) %*% (spread * pull)
      step <- drop(solve(h, t(pull) %*% (w[rows] * (y[rows] - mu)) - v))
      size <- max(Mod(step))
      if (size > 1) step <- step / size
      v <- v + step
      if (size < 1e-15 && all(abs(Im(step)) <= 1e-15 * abs(Im(v)) + 1e-300)) break
    }
    at <- eta[rows] + drop(pull %*% v)
    mu <- if (binomial) trials[rows] / (1 + exp(-at)) else exp(at)
    spread <- w[rows] * (if (binomial) mu * (1 - mu / trials[rows]) else mu)
    density <- sum(w[rows] * (if (binomial) y[rows] * at - trials[rows] * log(1 + exp(at)) else y[rows] * at - exp(at)))
    density - sum(v^2) / 2 - log_determinant(diag(q) + t(pull) %*% (spread * pull)) / 2
  }, 0i)) + constant
}

glmm_slopes_analysis <- function(name, formula, data, family, weights = NULL) {
  prior <- if (is.null(weights)) rep(1, nrow(data)) else data[[weights]]
  fit <- suppressMessages(suppressWarnings(do.call(glmer, list(as.formula(formula), data, family,
    weights = if (!is.null(weights)) prior, control = glmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-9))))))
  names_of <- getME(fit, "cnms")[[1]]
  q <- length(names_of)
  x <- getME(fit, "X")
  p <- ncol(x)
  shape <- well_shaped(x)
  z <- vapply(names_of, function(term) if (term == "(Intercept)") rep(1, nrow(x)) else x[, term], numeric(nrow(x)))
  response <- model.response(fit@frame)
  y <- if (is.matrix(response)) response[, 1] else as.numeric(getME(fit, "y"))
  trials <- if (is.matrix(response)) rowSums(response) else rep(1, length(y))
  groups <- split(seq_along(y), getME(fit, "flist")[[1]])
  value <- function(par) laplace_log_likelihood(par, x %*% shape, z, y, trials, prior[as.integer(rownames(fit@frame))],
                                                getME(fit, "offset"), groups, family)
  gradient <- function(par) {
    vapply(seq_along(par), function(j) Im(value(par + replace(complex(length(par)), j, 1e-20i))) / 1e-20, 0)
  }
  lower <- matrix(0, q, q)
  lower[lower.tri(lower, TRUE)] <- getME(fit, "theta")
  par <- c(solve(shape, fixef(fit)), t(lower)[upper.tri(lower, TRUE)])
  # Exact gradients are dear: the Hessian is made twice on the way, and once at the end, by differences of fourth order.
  hessian_at <- function(par) {
    unsymmetric <- vapply(seq_along(par), function(j) {
      step <- replace(numeric(length(par)), j, 1e-4)
      (8 * (gradient(par + step) - gradient(par - step)) - (gradient(par + 2 * step) - gradient(par - 2 * step))) / 12e-4
    }, par)
    (unsymmetric + t(unsymmetric)) / 2
  }
  for (round in 1:2) {
    hessian <- hessian_at(par)
    for (iteration in 1:20) {
      step <- solve(hessian, gradient(par))
      par <- par - step
      if (max(abs(step)) < 1e-13) break
    }
  }
  stopifnot(max(abs(step)) < 1e-11)
  hessian <- hessian_at(par)
  covariance <- shape %*% solve(-hessian)[seq_len(p), seq_len(p), drop = FALSE] %*% t(shape)
  beta <- setNames(drop(shape %*% par[seq_len(p)]), colnames(x))
  log_lik <- Re(value(par + 0i))
  # glmer() stops a hundredth of an error early here.
  stopifnot(max(abs(beta - fixef(fit)) / sqrt(diag(covariance))) < 0.1, abs(log_lik - as.numeric(logLik(fit))) < 2e-2)
  l <- matrix(0, q, q)
  l[upper.tri(l, TRUE)] <- par[-seq_len(p)]
  effects <- crossprod(l)
  group <- names(getME(fit, "cnms"))
  lines <- lapply(seq_len(q), function(a) list(group = group, term = names_of[a], variance = effects[a, a], sd = sqrt(effects[a, a])))
  for (a in seq_len(q)) for (b in seq_len(q)[seq_len(q) > a]) {
    lines <- c(lines, list(list(group = group, term = names_of[a], term2 = names_of[b], covariance = effects[a, b],
                                correlation = effects[a, b] / sqrt(effects[a, a] * effects[b, b]))))
  }
  parameters <- length(par)
  study <- list(name = name, method = "mixed", formula = formula, family = family)
  if (!is.null(weights)) study$weights <- weights
  list(study = study, expected = list(method = "mixed", n = nobs(fit), n_missing = length(attr(fit@frame, "na.action")),
    converged = TRUE, terms = wald_terms(names(beta), unname(beta), covariance, NULL, 0.95), variance_components = lines,
    log_lik = log_lik, aic = -2 * log_lik + 2 * parameters, bic = -2 * log_lik + log(nobs(fit)) * parameters))
}

# --- an intercept of groups within groups ----------------------------------------------------------------------

# Both integrals by the trapezoidal rule on (-7, 7), which for such integrands is exact to rounding, and nothing like the program's
# adaptive nodes. par is (beta, sd within, sd of the outer groups). Value and gradient of one outer group.
nested_part <- function(par, x, y, trials, offset, inner, family, points) {
  p <- ncol(x)
  v <- rep(points, times = length(points))
  u <- rep(points, each = length(points))
  eta <- outer(drop(x %*% par[seq_len(p)]) + offset, par[p + 1] * v + par[p + 2] * u, "+")
  binomial <- family == "binomial"
  height <- if (binomial) y * eta - trials * (pmax(eta, 0) + log1p(exp(-abs(eta)))) else y * eta - exp(eta)
  residual <- y - (if (binomial) trials * plogis(eta) else exp(eta))
  constant <- sum(if (binomial) lchoose(trials, y) else -lgamma(y + 1))
  step <- points[2] - points[1]
  within <- array(rowsum(height, inner, reorder = FALSE), c(length(unique(inner)), length(points), length(points)))
  within <- sweep(within, 2, dnorm(points, log = TRUE) + log(step), "+")
  highest <- apply(within, c(1, 3), max)
  weight <- exp(sweep(within, c(1, 3), highest))
  total <- apply(weight, c(1, 3), sum)
  weight <- sweep(weight, c(1, 3), total, "/")
  of_u <- colSums(log(total) + highest) + dnorm(points, log = TRUE) + log(step)
  top <- max(of_u)
  value <- top + log(sum(exp(of_u - top)))
  weight <- sweep(weight, 3, exp(of_u - value), "*")
  pulled <- matrix(weight, dim(weight)[1])[match(inner, unique(inner)), ] * residual
  list(value = value + constant, gradient = c(colSums(x * rowSums(pulled)), sum(colSums(pulled) * v), sum(colSums(pulled) * u)))
}

nested_glmm_analysis <- function(name, formula, data, family, in_lme4 = formula) {
  fit <- suppressMessages(suppressWarnings(glmer(as.formula(in_lme4), data, family)))  # Laplace's
  x <- getME(fit, "X")
  shape <- well_shaped(x)
  response <- model.response(fit@frame)
  counts <- is.matrix(response)
  y <- if (counts) response[, 1] else as.numeric(getME(fit, "y"))
  trials <- if (counts) rowSums(response) else rep(1, length(y))
  flist <- getME(fit, "flist")
  parts <- split(seq_along(y), flist[[2]])
  points <- seq(-7, 7, by = 0.125)
  over <- function(par) lapply(parts, function(rows) nested_part(par, (x %*% shape)[rows, , drop = FALSE], y[rows], trials[rows],
    getME(fit, "offset")[rows], as.character(flist[[1]][rows]), family, points))
  gradient <- function(par) Reduce(`+`, lapply(over(par), function(part) part$gradient))
  par <- c(solve(shape, fixef(fit)), getME(fit, "theta"))
  for (iteration in 1:12) {
    if (iteration %in% c(1, 3)) hessian <- numDeriv::jacobian(gradient, par, method = "simple")
    step <- solve(hessian, gradient(par))
    par <- par - step
    if (max(abs(step)) < 1e-13) break
  }
  hessian <- numDeriv::jacobian(gradient, par)
  value <- sum(vapply(over(par), function(part) part$value, 0))
  p <- ncol(x)
  covariance <- shape %*% solve(-(hessian + t(hessian)) / 2)[seq_len(p), seq_len(p), drop = FALSE] %*% t(shape)
  beta <- setNames(drop(shape %*% par[seq_len(p)]), colnames(x))
  stopifnot(max(abs(gradient(par))) < 1e-9, max(abs(beta - fixef(fit)) / sqrt(diag(covariance))) < 0.7, abs(par[p + 1:2] - getME(fit, "theta")) < 0.25)
  component <- function(g, sd) list(group = names(flist)[g], term = "(Intercept)", variance = sd^2, sd = sd)
  parameters <- p + 2
  study <- list(name = name, method = "mixed", formula = formula, family = family)
  list(study = study, expected = list(method = "mixed", n = nobs(fit), n_missing = length(attr(fit@frame, "na.action")), converged = TRUE,
    terms = wald_terms(names(beta), unname(beta), covariance, NULL, 0.95),
    variance_components = list(component(1, abs(unname(par[p + 1]))), component(2, abs(unname(par[p + 2])))),
    log_lik = value, aic = -2 * value + 2 * parameters, bic = -2 * value + log(nobs(fit)) * parameters))
}
