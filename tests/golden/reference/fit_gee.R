# SPDX-License-Identifier: Apache-2.0
# geepack's geeglm driven to full convergence, and the result fields made from it.
#
# geeglm() takes a cluster's rows to stand together; with `waves` (under ar1) the correlation is alpha^|difference|.
# The errors that geepack 1.3.9 gives for scale and alpha are not compared: its derivatives of e^2 and e_j e_k in beta
# are not those of these functions (gee.h).

polished_gee <- function(formula, data, family, id, correlation, time = NULL, lag = "time") {
  used <- droplevels(data[complete.cases(data[unique(c(all.vars(formula), id, time))]), ])  # geeglm() refuses unused levels
  used <- used[do.call(order, unname(used[c(id, time)])), ]
  used$cluster_of_row <- match(used[[id]], unique(used[[id]]))
  waves <- if (is.null(time) || lag == "order") sequence(table(used$cluster_of_row)) else used[[time]]
  used$wave_of_row <- as.integer(waves)
  fit <- suppressWarnings(geeglm(formula, id = cluster_of_row, waves = wave_of_row, data = used, family = family,
                                 corstr = correlation, control = geese.control(epsilon = 1e-15, maxit = 500)))
  list(fit = fit, used = used, left_out = nrow(data) - nrow(used), waves = waves)
}

gee_analysis <- function(name, formula, data, id, correlation, family = "gaussian", link = NULL, time = NULL, lag = NULL) {
  best <- polished_gee(as.formula(formula), data, family_of(family, link), id, correlation, time, if (is.null(lag)) "time" else lag)
  fit <- best$fit
  estimate <- coef(fit)
  terms <- wald_terms(names(estimate), unname(estimate), vcov(fit), NULL, 0.95)
  terms <- lapply(terms, function(term) within(term, statistic <- statistic^2)[names(terms[[1]])])
  stopifnot(all.equal(vapply(terms, function(term) term$statistic, 0), summary(fit)$coefficients[, "Wald"], check.attributes = FALSE))
  study <- list(name = name, method = "gee", formula = formula, family = family, id = id, correlation = correlation)
  for (key in c("link", "time", "lag")) study[[key]] <- get(key)
  sizes <- table(best$used$cluster_of_row)
  alpha <- if (correlation == "independence") NA else unname(fit$geese$alpha)
  list(study = study, expected = list(method = "gee", n = nrow(best$used), n_missing = best$left_out, converged = TRUE,
    terms = terms, vcov = full_matrix(names(estimate), estimate, vcov(fit)), alpha = alpha, scale = unname(fit$geese$gamma),
    clusters = length(sizes), max_cluster_size = max(sizes)))
}
