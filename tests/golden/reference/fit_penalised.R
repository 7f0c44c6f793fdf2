# SPDX-License-Identifier: Apache-2.0
# glmnet() driven to full convergence, and the result fields made from it.
#
# glmnet() says which coefficients are zero and where a path ends; its values are then made exact by Newton's
# method on the conditions of the minimum for those signs. That they hold for the zeros, too, and that glmnet()
# was near, is checked.

penalised_data <- function(formula, data) {
  formula <- as.formula(formula)
  frame <- model.frame(formula, data, drop.unused.levels = TRUE)
  x <- model.matrix(formula, frame)
  intercept <- attr(terms(formula), "intercept") == 1
  if (intercept) x <- x[, -1, drop = FALSE]
  list(x = x, y = model.response(frame), intercept = intercept, offset = model.offset(frame),
       rows = as.integer(rownames(frame)))
}

# What one fit minimises: loss / n + lambda * sum(alpha |b s| + (1 - alpha) / 2 (b s)^2 / scale).
penalised_problem <- function(d, family, alpha, standardize) {
  n <- nrow(d$x)
  s <- if (standardize) sqrt(colMeans(sweep(d$x, 2, colMeans(d$x))^2)) else rep(1, ncol(d$x))
  varies <- apply(d$x, 2, function(column) max(column) > min(column))
  s[!varies] <- 1
  offset <- if (is.null(d$offset)) rep(0, n) else d$offset
  scale <- 1
  if (family == "gaussian") {
    y <- d$y - offset
    scale <- sqrt(mean((y - if (d$intercept) mean(y) else 0)^2))
  }
  # Columns and a gaussian outcome far from zero are moved there: the score would drown in rounding.
  moved <- if (d$intercept) signif(colMeans(d$x), 2) else rep(0, ncol(d$x))
  far <- if (d$intercept && family == "gaussian") signif(mean(d$y), 2) else 0
  x <- cbind(if (d$intercept) 1, sweep(d$x, 2, moved))
  list(x = x, y = d$y - far, moved = moved, far = far, n = n, offset = offset, family = get(family)(), alpha = alpha, scale = scale,
       s = c(if (d$intercept) 0, s), varies = c(if (d$intercept) TRUE, varies))
}

penalised_gradient <- function(problem, b) {
  mu <- problem$family$linkinv(problem$offset + drop(problem$x %*% b))
  list(score = drop(crossprod(problem$x, problem$y - mu)) / problem$n,
       weights = problem$family$mu.eta(problem$family$linkfun(mu)))
}

newton_on_signs <- function(problem, b, signs, active, lasso, ridge) {
  b[!active] <- 0
  for (again in 1:12) {
    at <- penalised_gradient(problem, b)
    x <- problem$x[, active, drop = FALSE]
    right <- at$score[active] - lasso[active] * signs[active] - ridge[active] * b[active]
    system <- crossprod(x, x * at$weights) / problem$n + diag(ridge[active], sum(active))
    units <- sqrt(diag(system))
    b[active] <- b[active] + qr.solve(system / outer(units, units), right / units, tol = 1e-15) / units
  }
  b
}

polished_coefficients <- function(problem, b, lambda) {
  lasso <- lambda * problem$alpha * problem$s
  ridge <- lambda * (1 - problem$alpha) * problem$s^2 / problem$scale
  active <- problem$varies & (b != 0 | problem$s == 0 | lasso == 0)
  signs <- sign(b)
  start <- b
  repeat {  # glmnet() leaves a coefficient at a breath from zero where it is zero
    b <- newton_on_signs(problem, start, signs, active, lasso, ridge)
    wrong <- active & lasso > 0 & sign(b) != signs
    if (!any(wrong)) break
    active <- active & !wrong
  }
  at <- penalised_gradient(problem, b)
  unit <- pmax(problem$s, 1e-300)
  off <- (abs(at$score) - lasso * (1 + 1e-9))[problem$varies & !active]
  stopifnot(all(off <= 1e-12 * max(abs(at$score))),
            max(abs(b - start) * unit) <= 1e-5 * max(abs(start) * unit) + 1e-9)
  b
}

# Coefficients of the problem as it was before it was moved.
moved_back <- function(problem, b) {
  if (problem$s[1] == 0) b[1] <- b[1] + problem$far - sum(problem$moved * b[-1])
  b
}

moved_there <- function(problem, b) {
  if (problem$s[1] == 0) b[1] <- b[1] - problem$far + sum(problem$moved * b[-1])
  b
}

null_fit_deviance <- function(problem, intercept) {
  if (!intercept) {
    return(sum(problem$family$dev.resids(problem$y, problem$family$linkinv(problem$offset), rep(1, problem$n))))
  }
  null <- suppressWarnings(glm.fit(matrix(1, problem$n, 1), problem$y, offset = problem$offset, family = problem$family,
                                   control = glm.control(1e-15, 200)))
  null$deviance
}

elastic_net_analysis <- function(name, formula, data, family = "gaussian", alpha = 1, lambda = NULL, standardize = TRUE,
                                 nlambda = 100, folds = NULL) {
  study <- list(name = name, method = "elastic_net", formula = formula, family = family)
  if (alpha != 1) study$alpha <- alpha
  if (!is.null(lambda)) study$lambda <- vector_of(lambda)
  if (!standardize) study$standardize <- FALSE
  if (nlambda != 100) study$nlambda <- nlambda
  d <- penalised_data(formula, data)
  settings <- list(x = d$x, y = d$y, family = family, alpha = alpha, standardize = standardize, intercept = d$intercept,
                   offset = d$offset, nlambda = nlambda, thresh = 1e-24, maxit = 1e8)
  if (!is.null(lambda)) settings$lambda <- lambda
  fit <- do.call(glmnet::glmnet, settings)
  problem <- penalised_problem(d, family, alpha, standardize)
  null_deviance <- null_fit_deviance(problem, d$intercept)
  names <- c(if (d$intercept) "(Intercept)", colnames(d$x))
  path <- lapply(seq_along(fit$lambda), function(k) {
    b <- as.vector(coef(fit)[, k])
    if (!d$intercept) b <- b[-1]
    first <- is.null(lambda) && k == 1
    if (first) b[problem$s != 0] <- 0  # ridge: glmnet() gives some 1e-37
    b <- moved_there(problem, b)
    b <- if (first) newton_on_signs(problem, b, sign(b), problem$s == 0, 0 * b, 0 * b)
         else polished_coefficients(problem, b, fit$lambda[k])
    mu <- problem$family$linkinv(problem$offset + drop(problem$x %*% b))
    deviance <- sum(problem$family$dev.resids(as.numeric(problem$y), mu, rep(1, length(mu))))
    ratio <- if (first) 0 else 1 - deviance / null_deviance
    stopifnot(abs(ratio - fit$dev.ratio[k]) < 1e-7)
    df <- if (first) unname(fit$df[1]) else sum(b[problem$s != 0] != 0)
    b <- moved_back(problem, b)
    list(lambda = fit$lambda[k], terms = lapply(seq_along(b), function(j) list(term = names[j], estimate = b[j])),
         df = df, deviance_ratio = ratio)
  })
  expected <- list(method = "elastic_net", n = nrow(d$x), n_missing = nrow(data) - nrow(d$x), converged = TRUE, path = path)
  if (!is.null(folds)) {
    study$fold_column <- folds
    settings$foldid <- data[[folds]][d$rows]
    settings$family <- family
    cv <- do.call(glmnet::cv.glmnet, settings)
    expected$lambda_min <- cv$lambda.min
    expected$lambda_1se <- cv$lambda.1se
    expected$cross_validation <- lapply(seq_along(cv$lambda), function(k) {
      list(lambda = cv$lambda[k], mean = unname(cv$cvm[k]), std_error = unname(cv$cvsd[k]))
    })
  }
  list(study = study, expected = expected)
}

# Cox: coxph() at given coefficients says score and information; ties by Breslow. glmnet() orders censored times
# that equal an event's by adding 2e-14, which is lost for times above 100, so that its values differ there.
cox_at <- function(problem, b) {
  environment(problem$formula) <- environment()  # where residuals() looks the call up again
  fit <- suppressWarnings(coxph(problem$formula, problem$frame, init = b, ties = "breslow",
                                control = coxph.control(iter.max = 0)))
  list(score = colSums(residuals(fit, "score", weighted = TRUE)) / problem$n, information = solve(fit$var) / problem$n,
       deviance = 2 * (problem$saturated - fit$loglik[2]))
}

# The rows `keep` of a Cox problem: formula and frame for cox_at(), and what glmnet() needs.
cox_problem <- function(formula, data, strata, standardize, keep = NULL) {
  frame <- model.frame(as.formula(formula), data, drop.unused.levels = TRUE)
  y <- model.response(frame)
  x <- model.matrix(as.formula(formula), frame)[, -1, drop = FALSE]
  offset <- model.offset(frame)
  if (is.null(offset)) offset <- rep(0, nrow(x))
  group <- if (length(strata) > 0) as.character(data[as.integer(rownames(frame)), strata]) else rep("all", nrow(x))
  if (!is.null(keep)) {
    y <- y[keep, ]
    x <- x[keep, , drop = FALSE]
    offset <- offset[keep]
    group <- group[keep]
  }
  time <- y[, ncol(y) - 1]
  status <- y[, ncol(y)]
  events <- table(group[status == 1], time[status == 1])
  s <- if (standardize) sqrt(colMeans(sweep(x, 2, colMeans(x))^2)) else rep(1, ncol(x))
  list(n = nrow(x), s = s, saturated = -sum((events * log(events))[events > 0]), x = x, offset = offset,
       events = sum(status), formula = y ~ x + strata(group) + offset(offset),
       frame = list(y = y, x = x, group = group, offset = offset), eventful = group %in% group[status == 1],
       response = if (length(strata) > 0) glmnet::stratifySurv(y, group) else y)
}

# glmnet() does not take strata without events, which add nothing to the likelihood but count as rows.
eventful_fit <- function(problem, settings) {
  rows <- problem$eventful
  settings$x <- sweep(problem$x, 2, problem$s, "/")[rows, , drop = FALSE]
  settings$y <- problem$response[rows, ]
  if (!is.null(settings$offset)) settings$offset <- settings$offset[rows]
  attr(settings$y, "strata") <- problem$frame$group[rows]
  class(settings$y) <- class(problem$response)
  settings$standardize <- FALSE
  share <- sum(rows) / problem$n
  if (!is.null(settings$lambda)) settings$lambda <- settings$lambda / share
  fit <- do.call(glmnet::glmnet, settings)
  fit$lambda <- fit$lambda * share
  fit$beta <- fit$beta / problem$s
  fit
}

# lambdas and exact coefficients (one column each) of a path.
cox_path <- function(problem, strata, alpha, lambda, standardize, nlambda, near) {
  x <- problem$x
  s <- problem$s
  settings <- list(x = x, y = problem$response, family = "cox", alpha = alpha, standardize = standardize, nlambda = nlambda,
                   offset = if (any(problem$offset != 0)) problem$offset,
                   thresh = if (length(strata) > 0) 1e-9 else 1e-24, maxit = 1e8)
  if (!is.null(lambda)) settings$lambda <- lambda
  glmnet::glmnet.control(mxitnr = 1000, epsnr = 1e-12)  # else strata end the fit before it has converged
  fit <- if (all(problem$eventful)) do.call(glmnet::glmnet, settings) else eventful_fit(problem, settings)
  null <- cox_at(problem, rep(0, ncol(x)))
  lambdas <- fit$lambda
  beta <- matrix(0, ncol(x), length(lambdas))
  ratios <- numeric(length(lambdas))
  for (k in seq_along(lambdas)) {
    b <- as.vector(fit$beta[, k])
    first <- is.null(lambda) && k == 1
    # The largest lambda follows from the score at zero; glmnet()'s own is off where its ties are.
    if (is.null(lambda)) {
      largest <- max(abs(null$score) / s) / max(alpha, 1e-3)
      stopifnot(abs(largest / fit$lambda[1] - 1) < near)
      lambdas[k] <- largest * 1e-4^((k - 1) / (nlambda - 1))
    }
    start <- b
    active <- if (first) rep(FALSE, length(b)) else b != 0 | alpha == 0 | lambdas[k] == 0
    lasso <- lambdas[k] * alpha * s
    ridge <- lambdas[k] * (1 - alpha) * s^2
    repeat {
      signs <- sign(start)
      b <- ifelse(active, start, 0)
      for (again in 1:12) {
        if (!any(active)) break
        at <- cox_at(problem, b)
        right <- (at$score - lasso * signs - ridge * b)[active]
        b[active] <- b[active] + solve(at$information[active, active] + diag(ridge[active], sum(active)), right)
      }
      wrong <- active & lasso > 0 & sign(b) != signs
      if (!any(wrong)) break
      active <- active & !wrong
    }
    at <- cox_at(problem, b)
    if (!first) {
      stopifnot(all(abs(at$score[!active]) <= lasso[!active] * (1 + 1e-9)),
                max(abs(b - start) * s) <= near * max(abs(start) * s) + 1e-9)
    }
    ratios[k] <- if (first) 0 else 1 - at$deviance / null$deviance
    stopifnot(abs(ratios[k] - fit$dev.ratio[k]) < near)
    beta[, k] <- b
  }
  list(lambda = lambdas, beta = beta, ratio = ratios, null_deviance = null$deviance, fit = fit, settings = settings)
}

# cv.glmnet()'s deviance of the partial likelihood, grouped = TRUE, from exact paths; held against cv.glmnet() itself.
cox_cross_validation <- function(full, path, problems, paths, fold, on_path, near) {
  loss <- t(vapply(seq_along(problems), function(k) {
    training <- paths[[k]]
    vapply(seq_along(path$lambda), function(l) {
      b <- if (!on_path) training$beta[, l] else {
        apply(training$beta, 1, function(row) approx(training$lambda, row, path$lambda[l], rule = 2)$y)
      }
      cox_at(full, b)$deviance - cox_at(problems[[k]], b)$deviance
    }, 0) / (full$events - problems[[k]]$events)
  }, numeric(length(path$lambda))))
  weights <- vapply(problems, function(problem) full$events - problem$events, 0)
  mean <- apply(loss, 2, weighted.mean, weights)
  error <- sqrt(apply(sweep(loss, 2, mean)^2, 2, weighted.mean, weights) / (length(problems) - 1))
  cv <- suppressWarnings(do.call(glmnet::cv.glmnet, c(path$settings, list(foldid = fold, grouped = TRUE))))
  stopifnot(length(cv$cvm) == length(mean), max(abs(cv$cvm / mean - 1)) < near, max(abs(cv$cvsd / error - 1)) < 100 * near)
  within <- mean <= (mean + error)[which.min(mean)]
  list(lambda_min = path$lambda[which.min(mean)], lambda_1se = path$lambda[which(within)[1]],
       cross_validation = lapply(seq_along(mean), function(k) {
         list(lambda = path$lambda[k], mean = mean[k], std_error = error[k])
       }))
}

# Columns of `units` are counted in that many times their numbers, and the coefficients taken back: with standardised columns
# the path is the same, and the sums of columns of the order of 1e-12 and 1e12 have an inverse.
cox_elastic_net <- function(name, formula, data, strata, alpha = 1, lambda = NULL, standardize = TRUE, nlambda = 100,
                            near = 1e-5, folds = NULL, units = list()) {
  stopifnot(standardize || length(units) == 0)
  for (column in names(units)) data[[column]] <- data[[column]] * units[[column]]
  study <- list(name = name, method = "elastic_net", formula = formula, family = "cox")
  if (!identical(strata, "site")) study$strata <- vector_of(strata)
  if (alpha != 1) study$alpha <- alpha
  if (!is.null(lambda)) study$lambda <- vector_of(lambda)
  if (!standardize) study$standardize <- FALSE
  if (nlambda != 100) study$nlambda <- nlambda
  full <- cox_problem(formula, data, strata, standardize)
  path <- cox_path(full, strata, alpha, lambda, standardize, nlambda, near)
  names <- colnames(full$x)
  entries <- lapply(seq_along(path$lambda), function(k) {
    b <- path$beta[, k]
    for (column in intersect(base::names(units), names)) b[names == column] <- b[names == column] * units[[column]]
    list(lambda = path$lambda[k], terms = lapply(seq_along(b), function(j) list(term = names[j], estimate = b[j])),
         df = if (is.null(lambda) && k == 1 && alpha == 0) length(b) else sum(b != 0), deviance_ratio = path$ratio[k])
  })
  expected <- list(method = "elastic_net", n = full$n, n_missing = nrow(data) - full$n, converged = TRUE,
                   null_deviance = path$null_deviance, path = entries)
  if (!is.null(folds)) {
    study$fold_column <- folds
    fold <- data[[folds]][as.integer(rownames(model.frame(as.formula(formula), data)))]
    problems <- lapply(seq_len(max(fold)), function(k) cox_problem(formula, data, strata, standardize, fold != k))
    paths <- lapply(problems, cox_path, strata, alpha, lambda, standardize, nlambda, near)
    expected <- c(expected, cox_cross_validation(full, path, problems, paths, fold, is.null(lambda), near))
  }
  list(study = study, expected = expected)
}
