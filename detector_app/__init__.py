"""The detector app: point a camera at a building and read its name.

It reads the `mart` schema of the warehouse, runs published ONNX models and nothing else, and
goes on working with the models it has when the warehouse is away. It never imports the pipeline
or the trainer: the warehouse and the model file are all that they share.
"""
