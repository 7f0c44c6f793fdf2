# SPDX-License-Identifier: Apache-2.0
"""Asks onnxruntime about patients: python3 onnx_predict.py MODEL.onnx PATIENTS.json

PATIENTS.json is {"numbers": {name: [number or null]}, "texts": {name: [text]}}; prints {output: [number]}. Without a
file it only imports what it needs, so that its exit code says whether it could.
"""
import json
import sys

import numpy
import onnxruntime

if len(sys.argv) == 1:
    sys.exit(0)
session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
with open(sys.argv[2], encoding="utf-8") as file:
    patients = json.load(file)
feed = {}
for name, numbers in patients["numbers"].items():
    column = [float("nan") if number is None else number for number in numbers]
    feed[name] = numpy.array(column, dtype=numpy.float64).reshape(-1, 1)
for name, texts in patients["texts"].items():
    feed[name] = numpy.array(texts, dtype=object).reshape(-1, 1)
names = [output.name for output in session.get_outputs()]
values = session.run(names, feed)
for value in values:
    assert value.dtype == numpy.float64 and value.shape[1] == 1, (value.dtype, value.shape)
print(json.dumps({name: [None if number != number else number for number in value[:, 0].tolist()]
                  for name, value in zip(names, values)}))
