# SPDX-License-Identifier: Apache-2.0
# A causal forest on pooled rows, person by person: trees of halves on residuals of models out of fold, each without two folds,
# the same halves and columns drawn (forest_halves.py), and its effects and rule judged out of fold.

# By person and tree the number that says in which half the person is; by tree and node the order of the columns.
forest_draws <- function(ids, seed, trees, nodes, columns) {
  path <- tempfile()
  writeLines(format(ids, digits = 17, trim = TRUE), path)
  lines <- system2("python3", c(file.path(golden, "reference", "forest_halves.py"), path, seed, trees, nodes, columns), stdout = TRUE)
  numbers <- lapply(strsplit(lines, ",", fixed = TRUE), as.numeric)
  list(u = do.call(rbind, numbers[seq_along(ids)]), order = function(tree, node) numbers[[length(ids) + (tree - 1) * nodes + node]] + 1)
}

# Questions of each column: who is on the left.
forest_questions <- function(columns, bins) {
  lapply(names(columns), function(name) lapply(policy_questions(name, columns[[name]], bins), function(question) question$left))
}

# a, y: residuals of treatment and outcome. Level after level, so that nodes have the program's numbers: children stand side by
# side behind all that were there. `columns_of(node)`: which columns the node asks.
forest_grow <- function(questions, a, y, rows, depth, columns_of) {
  least <- 20
  nodes <- list(list(rows = rows))
  level <- 1
  for (step in seq_len(depth)) {
    further <- numeric()
    for (at in level) {
      here <- nodes[[at]]$rows
      n <- length(here)
      h <- sum(a[here]^2)
      if (n < 2 * least) next
      effect <- sum(a[here] * y[here]) / h
      best <- list(gain = 0)
      for (column in columns_of(at)) for (left in questions[[column]]) {
        side <- left[here]
        sizes <- c(sum(side), sum(!side))
        weights <- c(sum(a[here][side]^2), sum(a[here][!side]^2))
        if (min(sizes) < least || min(weights) < 0.05 * h) next
        pull <- (sum((a * y)[here][side]) - effect * weights[1]) / (h / n)
        gain <- pull^2 * sum(1 / sizes)
        if (gain > best$gain * (1 + 1e-9)) best <- list(gain = gain, left = left, column = column)  # sums of doubles: a tie is none
      }
      if (best$gain == 0) next
      nodes[[at]] <- c(nodes[[at]], best, list(children = length(nodes) + 1:2))
      nodes <- c(nodes, list(list(rows = here[best$left[here]])), list(list(rows = here[!best$left[here]])))
      further <- c(further, length(nodes) - 1:0)
    }
    level <- further
  }
  nodes
}

# The other half's persons in the leaves; splits beside a leaf of fewer than ten are taken back.
forest_fill <- function(nodes, a, y, rows, at = 1) {
  node <- nodes[[at]]
  leaf <- list(n = length(rows), effect = mean(a[rows] * y[rows]), weight = mean(a[rows]^2))
  if (is.null(node$children)) return(leaf)
  goes <- node$left[rows]
  sides <- list(forest_fill(nodes, a, y, rows[goes], node$children[1]), forest_fill(nodes, a, y, rows[!goes], node$children[2]))
  if (any(vapply(sides, function(side) is.null(side$sides) && side$n < 10, TRUE))) return(leaf)
  c(leaf, list(sides = sides, left = node$left, column = node$column))
}
forest_leaves <- function(tree, rows) {
  if (is.null(tree$sides)) return(cbind(rep(tree$effect, length(rows)), tree$weight))
  goes <- tree$left[rows]
  told <- matrix(0, length(rows), 2)
  told[goes, ] <- forest_leaves(tree$sides[[1]], rows[goes])
  told[!goes, ] <- forest_leaves(tree$sides[[2]], rows[!goes])
  told
}
forest_splits <- function(tree) if (is.null(tree$sides)) numeric() else c(tree$column, forest_splits(tree$sides[[1]]), forest_splits(tree$sides[[2]]))

# e: propensities before trimming. What is expected of `causal_forest`, and the row of `policies`; the rest as of choice_policy_tree.
choice_causal_forest <- function(columns, ids, q, e, trim, y, score, received, fold, sign, levels, policies, influence, influence_by, between, level,
                                 weight, binary, trees = 200, depth = 4, bins = 8, columns_per_node = NULL) {
  n <- nrow(score)
  folds <- max(fold)
  arms <- length(levels)
  critical <- qnorm(0.5 + level / 2)
  pairs <- do.call(rbind, lapply(seq_len(folds - 1), function(f) cbind(f, (f + 1):folds)))
  per_pair <- ceiling(trees / nrow(pairs))
  draws <- forest_draws(ids, 1, per_pair * nrow(pairs), 2^(depth + 1) - 1, length(columns))
  asked <- if (is.null(columns_per_node)) min(length(columns), ceiling(sqrt(length(columns))) + 20) else columns_per_node
  questions <- forest_questions(columns, bins)
  effects <- list()
  contrasts <- do.call(rbind, lapply(seq_len(arms - 1), function(a) cbind(a, (a + 1):arms)))
  sums <- array(0, c(n, folds, nrow(contrasts), 2))  # by the row's other fold left out
  for (c in seq_len(nrow(contrasts))) {
    a <- contrasts[c, 1]
    b <- contrasts[c, 2]
    chance <- pmax(e[, a], trim) / (pmax(e[, a], trim) + pmax(e[, b], trim))
    treatment <- (received == a) - chance
    outcome <- y - chance * q[, a] - (1 - chance) * q[, b]
    splits <- numeric()
    for (p in seq_len(nrow(pairs))) for (t in (p - 1) * per_pair + seq_len(per_pair)) {
      rows <- which(received %in% c(a, b) & !(fold %in% pairs[p, ]))
      grows <- draws$u[rows, t] < 0.5
      columns_of <- function(node) if (asked < length(columns)) sort(draws$order(t, node)[seq_len(asked)]) else seq_along(columns)
      tree <- forest_fill(forest_grow(questions, treatment, outcome, rows[grows], depth, columns_of), treatment, outcome, rows[!grows])
      splits <- c(splits, forest_splits(tree))
      for (side in 1:2) {
        here <- which(fold == pairs[p, side])
        sums[here, pairs[p, 3 - side], c, ] <- sums[here, pairs[p, 3 - side], c, ] + forest_leaves(tree, here)
      }
    }
    used <- tabulate(splits, length(columns))
    effects[[c]] <- list(splits_per_tree = length(splits) / (per_pair * nrow(pairs)), frequency = setNames(used / max(1, length(splits)), names(columns)))
  }
  # By arm, the least squares scores of the effects of every two.
  advantages <- function(effect) {
    s <- matrix(0, n, arms)
    for (c in seq_len(nrow(contrasts))) {
      s[, contrasts[c, 1]] <- s[, contrasts[c, 1]] + effect[, c] / arms
      s[, contrasts[c, 2]] <- s[, contrasts[c, 2]] - effect[, c] / arms
    }
    s
  }
  told <- apply(sums, c(1, 3, 4), sum)
  s <- advantages(matrix(told[, , 1] / told[, , 2], n))
  arm <- max.col(sign * s, ties.method = "first")
  own <- score[cbind(seq_len(n), arm)]
  counts <- drop(influence_by(own, arm == received))
  changes <- 0
  for (g in seq_len(folds)) {
    rows <- which(fold != g)
    of_pair <- advantages(matrix(sums[, g, , 1] / sums[, g, , 2], n))
    changes <- changes + sum((own[rows] - score[cbind(seq_len(n), max.col(sign * replace(of_pair, is.nan(of_pair), 0), ties.method = "first"))][rows])^2)
  }
  more <- changes / n^2 / 5
  estimate <- function(x, error) {
    list(estimate = mean(x), std_error = error, conf_low = mean(x) - critical * error, conf_high = mean(x) + critical * error)
  }
  difference <- function(x, counts, more) {
    error <- sqrt(var(counts) / n + more)
    c(estimate(x, error), list(p_value = if (error > 0) 2 * pnorm(-abs(mean(x) / error)) else 1))
  }
  gains <- lapply(seq_along(levels), function(a) {
    c(list(over = levels[a]), difference(sign * (own - score[, a]), counts - influence[, 1 + a], more))
  })
  field <- function(key) vapply(gains, function(gain) gain[[key]], 0)
  least <- which.max(sign * colMeans(score))
  gain <- list(estimate = gains[[least]]$estimate, std_error = gains[[least]]$std_error, conf_low = min(field("conf_low")),
               conf_high = min(field("estimate") + qnorm(1 - (1 - level) / 2 / arms) * field("std_error")),
               p_value = max(pmin(1, 2 * pnorm(-field("estimate") / field("std_error")))), best_single = levels[least],
               n_changed = sum(arm != least))
  value <- estimate(own, sqrt(var(counts) / n + more))
  benefit <- lapply(seq_len(nrow(contrasts)), function(c) {
    a <- contrasts[c, 1]
    b <- contrasts[c, 2]
    ends <- if (sign > 0) c(a, b) else c(b, a)
    of <- choice_benefit(sign * (s[, a] - s[, b]), sign * (score[, a] - score[, b]), q[, ends[1]], q[, ends[2]], received, ends[1], ends[2], weight, y,
                         binary, critical)
    of$brier_for_benefit <- of$cross_entropy_for_benefit <- NULL
    c(list(first = levels[a], second = levels[b]), of, list(splits_per_tree = effects[[c]]$splits_per_tree))
  })
  list(
    row = list(policy = "causal forest", kind = "causal_forest", value = value$estimate, std_error = value$std_error,
               conf_low = value$conf_low, conf_high = value$conf_high,
               gain_of_rule = difference(sign * (policies[, 1] - own), influence[, 1] - counts, between + more)),
    told = list(gain = gain, gain_by_drug = gains, effects = benefit, trees = per_pair * nrow(pairs), columns_per_node = asked, persons_per_leaf = 10))
}
