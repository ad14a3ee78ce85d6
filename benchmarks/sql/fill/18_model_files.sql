insert into core.model_file (city_id, model_version, file_name, sha256, bytes)
select city_id, 1, 'model.onnx', sha256('onnx'), 'onnx' from core.model
