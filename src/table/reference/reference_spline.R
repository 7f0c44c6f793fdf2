# SPDX-License-Identifier: Apache-2.0
# Writes bases of splines::ns and, after "degree", of splines::bs, beyond the boundary knots too.
#   Rscript reference_spline.R > reference_spline.txt
suppressWarnings(library(splines))
number <- function(v) paste(sprintf("%.17g", v), collapse = " ")
sets <- list(c(0, 1), c(-1, 0.25, 3), c(0, 1, 2, 3), c(10, 11.5, 40, 41, 90), c(0, 1e-3, 2e-3, 0.5, 0.75, 1),
             c(-1000, -10, 0, 3, 4, 5, 1e4), c(0, 1, 1, 2))
for (k in sets) {
  cat("knots", number(k), "\n")
  width <- diff(range(k))
  for (x in c(k[1] - width/3, k, k[1] + width*c(0.1, 0.37, 0.5, 0.9), max(k) + width/7)) {
    b <- suppressWarnings(ns(x, knots = k[-c(1, length(k))], Boundary.knots = range(k)))
    cat("x", number(x), number(b), "\n")
  }
}
for (degree in c(1, 2, 3, 5)) {
  cat("degree", degree, "\n")
  for (k in sets) {
    cat("knots", number(k), "\n")
    width <- diff(range(k))
    for (x in c(k[1] - width/9, k, k[1] + width*c(0.1, 0.37, 0.5, 0.9), max(k) + width/9)) {
      b <- suppressWarnings(bs(x, knots = k[-c(1, length(k))], Boundary.knots = range(k), degree = degree))
      cat("x", number(x), number(b), "\n")
    }
  }
}
