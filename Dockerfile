# One image for the API, the worker and the migrations; docker-compose.yml says which is which.
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1
WORKDIR /paysaga

COPY requirements/production.txt requirements/
RUN pip install --no-cache-dir --require-hashes -r requirements/production.txt

COPY alembic.ini settings.py worker.py ./
COPY activities activities
COPY api api
COPY database database
COPY domain domain
COPY workflows workflows

USER nobody
EXPOSE 4000
CMD ["uvicorn", "api.main:app", "--host", "0.0.0.0", "--port", "4000"]
