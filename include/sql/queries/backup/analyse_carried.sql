analyze carried
