# SPDX-License-Identifier: Apache-2.0
# The same regression on the pooled rows: Rscript pooled.R ROWS COVARIATES DATA_FILE. Only glm.fit is timed, at a
# tolerance at which its estimates have settled in all their digits; its default stops at about 1e-8, and takes as many
# iterations here or one fewer.
source(file.path(dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE))), "..", "timed.R"))
data <- read_rows(1)
y <- data[[1]]
x <- cbind(1, data[[2]])
fit <- timed("logistic", quote(glm.fit(x, y, family = binomial(),
                                       control = list(epsilon = 1e-14, maxit = 50))))
numbers("logistic", fit$coefficients)
