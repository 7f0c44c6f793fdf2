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
agq_log_likelihood <- function(par, x, y, trials, offset, groups, family, rule) {
  tau <- par[length(par)]
  eta <- drop(x %*% par[-length(par)]) + offset
  binomial <- family == "binomial"
  density <- function(eta, rows) {
    if (binomial) sum(y[rows] * eta - trials[rows] * log(1 + exp(eta))) else sum(y[rows] * eta - exp(eta))
  }
  mean_of <- function(eta, rows) if (binomial) trials[rows] / (1 + exp(-eta)) else exp(eta)
  spread_of <- function(mu, rows) if (binomial) mu * (1 - mu / trials[rows]) else mu
  constant <- if (binomial) sum(lchoose(trials, y)) else -sum(lgamma(y + 1))
  sum(vapply(groups, function(rows) {
    v <- 0 + 0i
    for (iteration in 1:200) {
      mu <- mean_of(eta[rows] + tau * v, rows)
      curvature <- 1 + tau^2 * sum(spread_of(mu, rows))
      step <- (tau * sum(y[rows] - mu) - v) / curvature
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

polished_glmm <- function(formula, data, family, nodes) {
  fit <- suppressMessages(suppressWarnings(glmer(formula, data, family, nAGQ = nodes)))
  x <- getME(fit, "X")
  shape <- well_shaped(x)
  response <- model.response(fit@frame)
  counts <- is.matrix(response)
  y <- if (counts) response[, 1] else as.numeric(getME(fit, "y"))
  trials <- if (counts) rowSums(response) else rep(1, length(y))
  groups <- split(seq_along(y), getME(fit, "flist")[[1]])
  rule <- gauss_hermite(nodes)
  value <- function(par) agq_log_likelihood(par, x %*% shape, y, trials, getME(fit, "offset"), groups, family, rule)
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

glmm_analysis <- function(name, formula, data, family, quadrature = NULL) {
  best <- polished_glmm(as.formula(formula), data, family, if (is.null(quadrature)) 25 else quadrature)
  fit <- best$fit
  parameters <- length(best$beta) + 1
  study <- list(name = name, method = "mixed", formula = formula, family = family)
  if (!is.null(quadrature)) study$quadrature <- quadrature
  list(study = study, expected = list(method = "mixed", n = nobs(fit), n_missing = length(attr(fit@frame, "na.action")),
    converged = TRUE, terms = wald_terms(names(best$beta), unname(best$beta), best$covariance, NULL, 0.95),
    variance_components = list(list(group = names(getME(fit, "cnms")), term = "(Intercept)", variance = best$tau^2, sd = best$tau)),
    log_lik = best$log_lik, aic = -2 * best$log_lik + 2 * parameters,
    bic = -2 * best$log_lik + log(nobs(fit)) * parameters))
}
