-- The hash sees colours, too: docs/decisions/0005-near-duplicates.md.
comment on column core.photo.perceptual_hash is '256-bit perceptual hash of light and colours (decision 5), most significant bit first.';
