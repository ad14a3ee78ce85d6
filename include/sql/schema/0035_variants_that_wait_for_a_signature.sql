-- Whose signature was not believed was refused for good, and is judged now once that was mended.
update core.model_variant
set state = 'registered'
where
    model_variant.state = 'refused'
    and model_variant.decision like 'live.onnx of model % is refused: %';
comment on column core.model_variant.state is
'registered; then, with its model, offered, or refused: the model is used without it. It stays '
'registered while its signature is not believed, and is judged once that was mended.';
comment on column core.model_variant.decision is
'Why it was offered, refused or not judged yet, in a sentence.';
