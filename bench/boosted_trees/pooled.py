# SPDX-License-Identifier: Apache-2.0
"""The same trees by xgboost on the pooled rows: pooled.py ROWS COLUMNS TREES DEPTH BINS DATA_FILE.

Only the training is timed, the data set's making (its quantiles) with it, as ours finds its cuts in the time too.
"""
import resource
import sys
import time

import numpy
import xgboost

rows, columns, trees, depth, bins = map(int, sys.argv[1:6])
with open(sys.argv[6], "rb") as file:
    def read(count):
        block = numpy.fromfile(file, dtype=numpy.float32, count=count * (columns + 1)).reshape(columns + 1, count)
        return numpy.ascontiguousarray(block[1:].T), block[0]
    x, y = read(rows)
    test_x, test_y = read(rows // 5)
parameters = {"objective": "binary:logistic", "tree_method": "hist", "max_depth": depth, "eta": 0.3, "max_bin": bins,
              "nthread": 2}
begin, cpu = time.perf_counter(), time.process_time()
model = xgboost.train(parameters, xgboost.DMatrix(x, label=y), trees)
seconds, cpu = time.perf_counter() - begin, time.process_time() - cpu
score = model.predict(xgboost.DMatrix(test_x), output_margin=True)
order = numpy.argsort(score, kind="stable")
rank = numpy.empty(len(score))
rank[order] = numpy.arange(1, len(score) + 1)
values, inverse, counts = numpy.unique(score, return_inverse=True, return_counts=True)
rank = (numpy.bincount(inverse, rank) / counts)[inverse]  # ties share their mean rank
ones = test_y.sum(dtype=float)
auc = (rank[test_y == 1].sum() - ones * (ones + 1) / 2) / (ones * (len(score) - ones))
print(f"seconds {seconds:.3f}")
print(f"cpu {cpu:.1f}")
print(f"peak_mib {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f}")
print(f"version {xgboost.__version__}")
print(f"auc {auc:.6f}")
